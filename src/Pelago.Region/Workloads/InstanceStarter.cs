using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Starts instances and knows their secrets.</summary>
internal sealed class InstanceStarter(
    RegionHome home, RegionConfig config, ProgramStore programs, InstanceTable table, KeyEncryptionKey kek,
    Func<string> apiPin, TimeProvider clock)
{
    private const int SecretBytes = 32;
    private const int IdBytes = 5;

    /// <summary>
    /// Starts an instance: 1. id, ports and secrets are chosen, 2. remembered, 3. the process starts with a one-time
    /// token on its standard input, 4. its pid is remembered. Ended between 3 and 4, or on a disk that took 2 and does
    /// not take 4, the region finds the process by its id; nothing is started that cannot be remembered.
    /// </summary>
    /// <exception cref="PelagoException">No port is free, the disk takes nothing, or the program cannot be
    /// started.</exception>
    public InstanceState Start(DesiredService service)
    {
        // 1.
        var program = programs.Find(service.Spec.Artifact) ?? throw new Failure(
            ErrorCodes.ArtifactNotFound, $"The program {service.Spec.Artifact} is not installed.",
                "It is fetched first.").ToException();
        var id = "i-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var ports = InstancePorts.Choose(config, table.Instances.Values.Select(i => i.Ports).ToHashSet());
        var instance = new InstanceState(id, service.Project, service.Service, service.Revision, clock.GetUtcNow(),
            default, ports,
            BearerToken.Hash(token), kek.Seal(SecretName(id), System.Text.Encoding.ASCII.GetBytes(secret)));

        // 2.
        table.Put(instance);
        try
        {
            // 3.
            var process = DetachedProcess.Start(Spec(instance, service, program, new EnrolmentTicket(token, apiPin())));

            // 4.
            return table.Note(id, i => i with { Process = process })!;
        }
        catch
        {
            table.Remove(id);
            throw;
        }
    }

    /// <summary>The secret that the ingress sends to an instance.</summary>
    public string IngressSecretOf(InstanceState instance)
        => System.Text.Encoding.ASCII.GetString(kek.Open(SecretName(instance.Id), instance.SealedIngressSecret)
            ?? throw new Failure(ErrorCodes.StateUnreadable, $"The secret of instance '{instance.Id}' does not open.",
                "End the instance; it is started again with a new one.").ToException());

    private ProcessSpec Spec(InstanceState instance, DesiredService service, InstalledProgram program,
        EnrolmentTicket ticket)
    {
        var data = home.DataOf(service.Project, service.Service);
        try
        {
            PrivateFile.CreateDirectory(data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PrivateFile.NotWritten(data, e).ToException(e);
        }
        var environment = InheritedEnvironment.Without(Environment.GetEnvironmentVariables());
        environment["DOTNET_ENVIRONMENT"] = "Production";
        foreach (var (name, value) in service.Spec.Environment)
            environment[name] = value;
        environment[InstanceEnvironment.Region] = config.Region;
        environment[InstanceEnvironment.Group] = config.Group;
        environment[InstanceEnvironment.Project] = service.Project;
        environment[InstanceEnvironment.Service] = service.Service;
        environment[InstanceEnvironment.Instance] = instance.Id;
        environment[InstanceEnvironment.Home] = data;
        environment[InstanceEnvironment.GuardFile] = Path.Combine(
            config.GuardDirectory, $"{service.Project}.{service.Service}.json");
        environment[InstanceEnvironment.Url] = instance.Url;
        environment[InstanceEnvironment.ManagementUrl] = instance.ManagementUrl;
        environment[InstanceEnvironment.RemotingUrl] = instance.RemotingUrl;
        environment[InstanceEnvironment.RegionApi] = string.Create(
            CultureInfo.InvariantCulture,
                $"https://{Hostnames.Api(config.PlatformHostname)}:{config.ExecutionApiPort}");
        environment[InstanceEnvironment.AppsHostname] = config.AppsHostname;
        var line = JsonSerializer.SerializeToUtf8Bytes(ticket, InstanceJson.Default.EnrolmentTicket);
        return new ProcessSpec(Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host
            : program.Entrypoint[0],
            [.. program.Entrypoint.Skip(1)], home.LogOf(service.Project, service.Service))
        {
            WorkingDirectory = program.Directory,
            Environment = environment,
            StandardInput = (byte[])[.. line, (byte)'\n'],
        };
    }

    private static string SecretName(string id) => $"ingress.{id}";
}
