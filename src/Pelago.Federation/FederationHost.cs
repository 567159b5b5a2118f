using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Federation;

/// <summary>The federation plane's process: custody of the group's root, and the Management API.</summary>
/// <remarks>Its home holds <c>config.json</c> (written by whoever made the world), <c>kek</c> (the key that seals the
/// others), <c>keys/</c>, <c>ca/root.pem</c>, <c>state.json</c>, <c>issued.jsonl</c> (audit) and <c>bundle.pem</c>
/// (public).</remarks>
public static class FederationHost
{
    /// <summary>Name by which the federation plane is a member of each group.</summary>
    public const string MemberName = "federation";

    private const string SealedCausalityName = "causality";
    private const int SecretBytes = 32;

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="home">Its home directory, with <c>config.json</c>.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="PelagoException">Its configuration, keys or state cannot be used.</exception>
    public static Task RunAsync(string home, CancellationToken cancellationToken)
        => RunAsync(home, new Lifetimes(), TimeProvider.System, cancellationToken);

    /// <summary>
    /// Starts in five steps: 1. configuration and the sealing key, 2. the root, 3. its own intermediate and
    /// certificate,
    /// 4. state and tickets, 5. the listener.
    /// </summary>
    internal static async Task RunAsync(
        string home, Lifetimes lifetimes, TimeProvider clock, CancellationToken cancellationToken)
    {
        // 1.
        var config = PrivateFile.ReadJson<FederationConfig>(
            Path.Combine(home, "config.json"), "'pelago up' writes it anew.")
            ?? throw new Failure(
                ErrorCodes.RoleConfig, $"'{home}' holds no config.json.", "Start the world with 'pelago up'.")
                .ToException();
        using var logging = RoleLogging.Create();
        var log = logging.CreateLogger("Pelago.Federation");
        var keyDirectory = Path.Combine(home, "keys");
        using var kek = KeyEncryptionKey.OpenFile(Path.Combine(home, "kek"), keyDirectory);
        var keys = new SealedKeyFiles(keyDirectory, kek);
        var audit = new IssuanceLog(Path.Combine(home, "issued.jsonl"));

        // 2.
        using var root = await RootAuthority.OpenAsync(
            config.Group, Path.Combine(home, "ca"), keys, lifetimes, audit, clock, cancellationToken);
        var state = OpenState(home, config, kek);
        var bundle = TrustPublication.Publish(Path.Combine(home, "bundle.pem"), root, state);

        // 3.
        var domain = new RegionDomain(MemberName, config.AppsHostname, config.PlatformHostname);
        using var authority = await OwnAuthority.CreateAsync(
            new OwnAuthorityParts(root, domain, bundle, keyDirectory, keys, lifetimes, audit, clock, log),
            cancellationToken);
        await using var certificate = await PinnedCertificate.StartAsync(
            () => authority.Current, Hostnames.Api(config.PlatformHostname), keys, clock, log, cancellationToken);

        // 4.
        var enrolment = new Enrolment(config, state, root, bundle, OpenCausality(state.Current, kek));
        enrolment.WriteTickets(certificate.Pin);

        // 5.
        await using var app = ApiListener.Create(
            new ApiListenerOptions(Hostnames.Api(config.PlatformHostname), config.ManagementApiPort), certificate,
            logging);
        new ManagementApi(config, enrolment, new FederationExamination(root, authority, certificate, enrolment, clock))
            .Map(app);
        await app.StartAsync(cancellationToken);
        Log.Listening(log, config.Group, config.ManagementApiPort);
        try
        {
            await authority.RenewForeverAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to stop.
        }
        await app.StopAsync(CancellationToken.None);
        Log.Stopped(log);
    }

    private static StateFile OpenState(string home, FederationConfig config, KeyEncryptionKey kek)
    {
        var path = Path.Combine(home, "state.json");
        if (PrivateFile.ReadJson<FederationState>(path,
            "The federation plane writes it at every enrolment and renewal: restore it from a backup. Regions go on.")
            is { } known)
        {
            return known.Group == config.Group && known.FormatVersion == 1
                ? new StateFile(path, known)
                : throw new Failure(ErrorCodes.StateUnreadable,
                    $"'{path}' is of group '{known.Group}' or of another version.",
                    "Check the configuration, or restore the home from a backup.").ToException();
        }
        var secret = new CausalityKeys(RandomNumberGenerator.GetBytes(SecretBytes), null);
        var clear = JsonSerializer.SerializeToUtf8Bytes(secret, InstanceJson.Default.CausalityKeys);
        var state = new StateFile(path,
            new FederationState(config.Group, 1, [], ImmutableSortedDictionary<string, RegionState>.Empty));
        state.Replace(state.Current with { SealedCausality = kek.Seal(SealedCausalityName, clear) });
        CryptographicOperations.ZeroMemory(clear);
        return state;
    }

    private static CausalityKeys OpenCausality(FederationState state, KeyEncryptionKey kek)
    {
        var clear = kek.Open(SealedCausalityName, state.SealedCausality)
            ?? throw new Failure(ErrorCodes.StateUnreadable,
            "The causality secret was sealed under another key, or was changed.", "Restore the home from a backup.")
            .ToException();
        return JsonSerializer.Deserialize(clear, InstanceJson.Default.CausalityKeys)!;
    }
}
