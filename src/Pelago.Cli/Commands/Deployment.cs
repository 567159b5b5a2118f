using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Makes a directory a service: 1. publish it when it is a project, 2. pack it, 3. upload it to one region
/// unless that has it, 4. declare the service there. The regions do the rest among themselves.</summary>
internal static class Deployment
{
    public static async Task<ServiceResource> RunAsync(
        RegionClient region, string directory, string project, string name, Terminal terminal,
        CancellationToken cancellationToken)
    {
        var work = Directory.CreateTempSubdirectory("pelago-deploy-");
        try
        {
            // 1.
            var application = Path.Combine(work.FullName, "published");
            if (Directory.EnumerateFiles(directory, "*.csproj").Any())
                await Publishing.RunAsync(directory, application, terminal, cancellationToken);
            else
                application = directory;
            // 2.
            var packed = Path.Combine(work.FullName, "artifact.tar");
            var artifact = await ArtifactPacker.PackAsync(application, packed, new ArtifactLimits(), cancellationToken);
            terminal.Progress(name, "packed", $"{artifact.Length / 1024.0 / 1024.0:0.0} MiB, {artifact.Digest[..19]}…");
            // 3.
            if (!await region.HasArtifactAsync(artifact.Digest, cancellationToken))
            {
                await using var content = File.OpenRead(packed);
                await region.UploadArtifactAsync(artifact.Digest, content, artifact.Length, progress: null,
                    cancellationToken);
                terminal.Progress(name, "uploaded");
            }
            // 4.
            var service = await region.PutServiceAsync(
                new ServiceResource(new ObjectMetadata(name, project), new ServiceSpec(artifact.Digest)),
                    cancellationToken);
            terminal.Progress(name, "declared", $"service {project}/{name}");
            return service;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }
}
