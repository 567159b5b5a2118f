using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Pelago.Sdk;

/// <summary>Puts <see cref="PelagoMiddleware"/> before everything that the application adds by itself.</summary>
internal sealed class PelagoStartupFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseMiddleware<PelagoMiddleware>();
        next(app);
    };
}
