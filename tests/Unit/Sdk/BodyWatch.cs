using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>Stands before everything of a service and tells how much of a POST's body the service left to the server,
/// which throws the rest away for five seconds only.</summary>
internal sealed class BodyWatch : IStartupFilter
{
    private readonly TaskCompletionSource<int> left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Bytes of the first POST that were there to be read when the service was done; 0 at the body's
    /// end.</summary>
    public Task<int> Left => left.Task;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, service) =>
        {
            var body = context.Request.Body;
            await service(context);
            if (HttpMethods.IsPost(context.Request.Method))
                left.TrySetResult(await body.ReadAsync(new byte[1], context.RequestAborted));
        });
        next(app);
    };
}
