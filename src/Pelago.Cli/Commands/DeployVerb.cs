using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago deploy DIR</c>.</summary>
internal static class DeployVerb
{
    private static readonly TimeSpan TransferLimit = TimeSpan.FromSeconds(60);

    public static Command Create(VerbContext context)
    {
        var directory = new Argument<string>("DIR")
        {
            Description = "A project's directory, or a published application.",
        };
        var target = new ServiceTarget();
        var dryRun = VerbContext.DryRun();
        var name = new Option<string?>("--name")
        {
            Description = "Name of the service. Default: that of the directory.", HelpName = "NAME",
        };
        var verb = context.Verb("deploy", "Deploys an application as a service of every region.",
            ["pelago deploy samples/bookstore", "pelago deploy ./out --name shop --project retail --region eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var given = parsed.GetRequiredValue(directory);
                if (given.Length == 0 || given.Contains('\0', StringComparison.Ordinal))
                {
                    throw new Failure(ErrorCodes.InvalidArgument, "DIR must not be empty.",
                        "Name a project's directory or a published application.").ToException();
                }
                var source = Path.GetFullPath(given);
                if (!Directory.Exists(source))
                {
                    throw new Failure(ErrorCodes.ApplicationNotFound, $"There is no directory '{source}'.",
                        "Name a project's directory or a published application.").ToException();
                }
                var service = parsed.GetValue(name) ?? new DirectoryInfo(source).Name.ToLowerInvariant();
                var project = target.ProjectOf(parsed, service);
                using var client = target.Open(parsed, context, TransferLimit);
                Deployment.RemoveLeftovers(Path.GetTempPath(), context.Time);
                var deployment = new Deployment(client, context.Terminal) { DryRun = parsed.GetValue(dryRun) };
                var changed = await deployment.RunAsync(source, project, service, cancellationToken);
                if (!deployment.DryRun)
                {
                    context.Terminal.Say((changed ? "Every region starts it now."
                        : "It is what runs already; no instance is restarted.")
                        + $" Next: pelago status --watch{context.Suffix(parsed)}");
                }
                return 0;
            });
        verb.Add(directory);
        target.AddTo(verb);
        verb.Add(name);
        verb.Add(dryRun);
        return verb;
    }
}
