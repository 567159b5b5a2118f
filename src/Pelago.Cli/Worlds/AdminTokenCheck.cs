using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Looks whether the administrator's token is the one that the running processes take, before anything is
/// started. A new one would not help while they run: they know the old one's hash.</summary>
internal static class AdminTokenCheck
{
    /// <param name="directory">The world.</param>
    /// <param name="isDown">No process of it runs.</param>
    /// <returns>True when the file holds something else than a token, and a new one may be made.</returns>
    /// <exception cref="PelagoException">PLG1110: processes run that do not take it.</exception>
    public static bool Require(WorldDirectory directory, bool isDown)
    {
        var (isThere, token) = (File.Exists(directory.AdminTokenFile), directory.TryReadAdminToken());
        if (isDown)
            return isThere && token is null;
        if (token is not null && HashThatRolesKnow(directory) == WorldDirectory.HashOf(token))
            return false;
        var how = !isThere ? "is gone" : token is null ? "holds no token"
            : "holds another token than the one that this world was started with";
        throw new Failure(ErrorCodes.ControlRefused,
            $"'{directory.AdminTokenFile}' {how}, and the running processes take no other token.",
            "Put it back, or run 'pelago down', which needs none, then 'pelago up'.").ToException();
    }

    // Every role was given the same one.
    private static string? HashThatRolesKnow(WorldDirectory directory)
        => PrivateFile.ReadJson<SupervisorConfig>(Path.Combine(directory.SupervisorHome, "config.json"),
            "Run 'pelago down', then 'pelago up', which writes it.")?.AdminTokenSha256;
}
