using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Pelago.Api;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Artifacts over HTTP: for administrators here, for the peer regions on the internal listener.</summary>
internal sealed class ArtifactEndpoints(ArtifactStore artifacts)
{
    public const string Path = "/v1/artifacts/{digest}";

    /// <summary>Sends an artifact, or with HEAD its length.</summary>
    public async Task GetAsync(HttpContext context)
    {
        if (artifacts.Find(DigestOf(context)) is not { } file)
        {
            await Problems.WriteAsync(context, new Failure(
                ErrorCodes.ArtifactNotFound, "The region does not have this artifact.", "Upload it with PUT."));
            return;
        }
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = file.Length;
        context.Response.Headers.ETag = $"\"{DigestOf(context)}\"";
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.SendFileAsync(file.FullName, context.RequestAborted);
    }

    /// <summary>Takes an artifact in.</summary>
    public async Task PutAsync(HttpContext context)
    {
        var digest = DigestOf(context);
        if (artifacts.Find(digest) is not null)
        {
            context.Response.StatusCode = StatusCodes.Status200OK; // content addressed: it is the same one
            return;
        }
        if (context.Request.ContentLength > artifacts.MaxBytes)
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.ArtifactTooLarge,
                $"The artifact is larger than {artifacts.MaxBytes} bytes.",
                    "Publish without what is not needed at run time."));
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = artifacts.MaxBytes + 1; // one byte more is enough to see that it is too large
        if (await artifacts.AddAsync(digest, context.Request.Body, context.RequestAborted) is { } failure)
            await Problems.WriteAsync(context, failure);
        else
            context.Response.StatusCode = StatusCodes.Status201Created;
    }

    private static string DigestOf(HttpContext context) => (string)context.Request.RouteValues["digest"]!;
}
