namespace Pelago.Model;

/// <summary>What the supervisor reads before it starts a region's PostgreSQL server (<c>config.json</c> in the server's
/// home).</summary>
/// <param name="Programs">Directory of <c>postgres</c>, absolute.</param>
/// <param name="Port">Loopback port.</param>
/// <param name="RunAs">User that the server runs as; null for the supervisor's own.</param>
public sealed record ServerConfig(string Programs, int Port, string? RunAs)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>How a region reaches its PostgreSQL server.</summary>
/// <param name="Port">Loopback port.</param>
/// <param name="User">Who may create databases and users there.</param>
/// <param name="PasswordFile">That user's password (0600).</param>
public sealed record ServerAccess(int Port, string User, string PasswordFile);
