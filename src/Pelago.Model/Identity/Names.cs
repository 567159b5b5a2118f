namespace Pelago.Model;

/// <summary>Rules for names that become DNS labels: regions, projects, services.</summary>
public static class Names
{
    /// <summary>Longest name, so that generated labels such as <c>service-project-hash</c> stay within 63
    /// characters.</summary>
    public const int MaxLength = 40;

    /// <summary>The project that Pelago keeps for itself.</summary>
    public const string ReservedProject = "pelago";

    private static readonly string[] ReservedServices = ["svc", "ingress", "api"];

    /// <summary>Checks a region's, project's or service's name: 1–40 characters, a–z, 0–9 and hyphens, beginning
    /// with a letter, ending with a letter or digit.</summary>
    /// <returns>Null when it is valid.</returns>
    public static Failure? Check(string? name, string what)
    {
        if (string.IsNullOrEmpty(name))
            return Bad(what, "is empty");
        if (name.Length > MaxLength)
            return Bad(what, $"is {name.Length} characters long, at most {MaxLength} are allowed");
        if (!char.IsAsciiLetterLower(name[0]))
            return Bad(what, "must begin with a letter a–z");
        if (name[^1] == '-')
            return Bad(what, "must not end with a hyphen");
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                return Bad(what, "may hold a–z, 0–9 and hyphens only");
        }
        return null;
    }

    /// <summary><see cref="Check"/>, and not one of the reserved names <c>svc</c>, <c>ingress</c>,
    /// <c>api</c>.</summary>
    public static Failure? CheckService(string? name) =>
        Check(name, "service name")
        ?? (
            ReservedServices.AsSpan().Contains(name)
                ? new Failure(
                    ErrorCodes.InvalidName,
                    $"'{name}' is a reserved name.",
                    "Choose another service name.",
                    "metadata.name"
                )
                : null
        );

    /// <summary><see cref="Check"/>, and not Pelago's own project: for what users declare.</summary>
    /// <param name="name">The name.</param>
    /// <param name="what">What the message calls it.</param>
    public static Failure? CheckProject(string? name, string what = "project name")
        => Check(name, what) ?? (name == ReservedProject
            ? new Failure(ErrorCodes.InvalidName, $"The {what} must not be '{ReservedProject}', which is Pelago's own.",
                "Choose another project, e.g. 'demo'.", what)
            : null);

    private static Failure Bad(string what, string rule)
        => new(ErrorCodes.InvalidName, $"The {what} {rule}.", "Example: us-east-1.", what);
}
