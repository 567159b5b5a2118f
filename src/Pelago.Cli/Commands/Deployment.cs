using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Makes a directory a service: 1. publish it when it is a project, 2. pack it, 3. upload it to one region
/// unless that has it, 4. declare the service there unless it runs just that. The regions do the rest among
/// themselves.</summary>
internal sealed class Deployment(RegionClient region, Terminal terminal)
{
    private const string WorkPrefix = "pelago-deploy-";

    // No deployment takes so long; one that was killed could not remove what it had made.
    private static readonly TimeSpan LeftAfter = TimeSpan.FromDays(1);

    /// <summary>Stop after 2. and say what the rest would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>Removes what deployments that were killed left in a directory for temporary files, as far as it is
    /// ours.</summary>
    public static void RemoveLeftovers(string temporary, TimeProvider time)
    {
        var before = time.GetUtcNow() - LeftAfter;
        foreach (var left in new DirectoryInfo(temporary).EnumerateDirectories(WorkPrefix + "*"))
        {
            try
            {
                if (left.LinkTarget is null && left.LastWriteTimeUtc < before)
                    left.Delete(recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody else's, or another deployment removes it just now.
            }
        }
    }

    /// <returns>Whether the service is another one now.</returns>
    public async Task<bool> RunAsync(string directory, string project, string name, CancellationToken cancellationToken)
    {
        var work = Directory.CreateTempSubdirectory(WorkPrefix);
        try
        {
            // 1.
            var application = Path.Combine(work.FullName, "published");
            if (Directory.EnumerateFiles(directory, "*.csproj").Any())
                await Publishing.RunAsync(directory, work.FullName, application, terminal, cancellationToken);
            else
                application = directory;
            // 2.
            var packed = Path.Combine(work.FullName, "artifact.tar");
            var artifact = await ArtifactPacker.PackAsync(application, packed, new ArtifactLimits(), cancellationToken);
            terminal.Progress(name, "packed", $"{artifact.Length / 1024.0 / 1024.0:0.0} MiB, {artifact.Digest[..19]}…");
            var present = await FindAsync(project, name, cancellationToken);
            if (DryRun)
            {
                Foretell(present, project, name, artifact.Digest);
                return false;
            }
            // 3.
            if (!await region.HasArtifactAsync(artifact.Digest, cancellationToken))
            {
                await using var content = File.OpenRead(packed);
                await region.UploadArtifactAsync(artifact.Digest, content, artifact.Length, progress: null,
                    cancellationToken);
                terminal.Progress(name, "uploaded");
            }
            if (present?.Spec.Artifact == artifact.Digest)
            {
                terminal.Progress(name, "is the same", $"service {project}/{name}");
                return false;
            }
            // 4. Only the program is another one; whatever else was declared of the service stays.
            var metadata = new ObjectMetadata(name, project)
            {
                Labels = present?.Metadata.Labels, Annotations = present?.Metadata.Annotations,
            };
            var spec = present is null ? new ServiceSpec(artifact.Digest)
                : present.Spec with { Artifact = artifact.Digest };
            await region.PutServiceAsync(new ServiceResource(metadata, spec), cancellationToken);
            terminal.Progress(name, "declared", $"service {project}/{name}");
            return true;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private async Task<ServiceResource?> FindAsync(string project, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await region.GetServiceAsync(project, name, cancellationToken);
        }
        catch (PelagoException e) when (e.Failure.Error == ErrorCodes.ResourceNotFound)
        {
            return null;
        }
    }

    private void Foretell(ServiceResource? present, string project, string name, string digest)
    {
        if (present is null)
            terminal.Progress(name, "would be created", $"service {project}/{name}");
        else
            terminal.Progress(name, present.Spec.Artifact == digest ? "is the same" : "would change",
                $"service {project}/{name} runs {present.Spec.Artifact[..19]}…");
    }
}
