using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago delete service NAME</c>.</summary>
internal static class DeleteVerb
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public static Command Create(VerbContext context)
    {
        var group = context.Verb("delete", "Deletes something in every region.",
            ["pelago delete service bookstore"], run: null);
        group.Add(Service(context));
        return group;
    }

    private static Command Service(VerbContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the service." };
        var target = new ServiceTarget();
        var yes = VerbContext.Yes();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("service", "Deletes a service: its instances end in every region; data stays.",
            ["pelago delete service bookstore", "pelago delete service shop --project retail --yes"],
            async (parsed, cancellationToken) =>
            {
                var service = parsed.GetRequiredValue(name);
                var project = target.ProjectOf(parsed, service);
                using var region = target.Open(parsed, context, AnswerLimit);
                await region.GetServiceAsync(project, service, cancellationToken); // says so when there is none
                if (parsed.GetValue(dryRun))
                {
                    context.Terminal.Say($"Service {project}/{service} would be deleted in every region.");
                    return 0;
                }
                context.Confirm(parsed, yes, $"Delete service {project}/{service} in every region?");
                await region.DeleteServiceAsync(project, service, cancellationToken);
                context.Terminal.Say($"Service {project}/{service} is deleted; every region ends its instances now.");
                context.Terminal.Say($"Next: pelago status --watch{context.Suffix(parsed)} · pelago deploy DIR"
                    + $"{context.Suffix(parsed)} brings it back with its data.");
                return 0;
            });
        verb.Add(name);
        target.AddTo(verb);
        verb.Add(yes);
        verb.Add(dryRun);
        return verb;
    }
}
