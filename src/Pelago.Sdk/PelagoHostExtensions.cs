using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pelago.Entities;

namespace Pelago.Sdk;

/// <summary>Adds Pelago to an application.</summary>
public static class PelagoHostExtensions
{
    // More than a region's ingress lets through and adds, so that what is too long is answered with a code.
    private const int MaxRequestHeadBytes = 64 * 1024;
    private const int MaxRequestHeaderCount = 200;

    /// <summary>Makes the application a Pelago service: entities to inject as <see cref="IEntities"/>, and, in a web
    /// application, causality and idempotency headers and problem details on every request.</summary>
    /// <remarks>Started by a region, the service finds region, certificates and peers in what the region gives it.
    /// Started otherwise it runs alone on an embedded journal in <see cref="PelagoOptions.DataDirectory"/>.</remarks>
    /// <param name="builder">The application.</param>
    /// <param name="configure">Registers the service's components.</param>
    /// <exception cref="Pelago.Model.PelagoException">A component's definition is wrong, or a region's environment is
    /// incomplete.</exception>
    public static IHostApplicationBuilder AddPelago(this IHostApplicationBuilder builder,
        Action<PelagoBuilder> configure)
    {
        var components = new PelagoBuilder();
        configure(components);
        var types = new EntityTypes(components.Types);
        var deployed = DeployedEnvironment.Read(Environment.GetEnvironmentVariable);
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PelagoOptions>().Bind(builder.Configuration.GetSection(PelagoOptions.Section))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<PelagoOptions>, PelagoOptionsValidation>();
        services.AddSingleton(new ServiceParts(types, deployed));
        services.AddSingleton<RunningService>();
        services.AddSingleton<IEntities, RegionEntities>();
        services.AddHostedService<ServiceLifetime>();
        services.AddTransient<IStartupFilter, PelagoStartupFilter>();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<KestrelServerOptions>(kestrel => Configure(kestrel, deployed));
        return builder;
    }

    private static void Configure(KestrelServerOptions kestrel, DeployedEnvironment? deployed)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestLineSize = MaxRequestHeadBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxRequestHeadBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxRequestHeaderCount;
        if (deployed is null)
            return;
        kestrel.Listen(IPAddress.Loopback, deployed.Url.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }
}
