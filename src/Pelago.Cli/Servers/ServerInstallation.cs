using System.Buffers.Text;
using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Makes the PostgreSQL servers of a world. Everything that can be found out beforehand is, by
/// <see cref="FindAsync"/>, before anything is changed.</summary>
/// <param name="programs">What they run.</param>
/// <param name="user">Whom they run as.</param>
internal sealed class ServerInstallation(ServerPrograms programs, ServerUser user)
{
    private const int PasswordBytes = 32;

    /// <summary>Looks whether this machine can run the servers of a world: 1. the programs are here, and fit what is
    /// there already, 2. there is a user to run them, 3. who can come to them.</summary>
    /// <exception cref="PelagoException">PLG1118, PLG1119, PLG1120, PLG4023.</exception>
    public static async Task<ServerInstallation> FindAsync(
        WorldDirectory directory, WorldRecord? world, CancellationToken cancellationToken)
    {
        var present = world?.Regions.Select(region => new ServerHome(directory.ServerHome(region.Name)).Major).Max();
        var programs = await ServerPrograms.FindAsync(
            Environment.GetEnvironmentVariable, present, cancellationToken);
        var user = await ServerUser.FindAsync(Environment.IsPrivilegedProcess, cancellationToken);
        await user.RequireWayAsync(directory.Root, cancellationToken);
        return new ServerInstallation(programs, user);
    }

    /// <summary>Makes what a region's server needs and does not have: 1. the way to its home, 2. what it is started
    /// with, 3. its directory.</summary>
    /// <returns>True when the directory was made.</returns>
    /// <exception cref="PelagoException">PLG1109, PLG1116, PLG1121.</exception>
    public async Task<bool> PrepareAsync(
        WorldDirectory directory, RegionRecord region, CancellationToken cancellationToken)
    {
        var home = new ServerHome(directory.ServerHome(region.Name));
        // 1.
        PrivateFile.CreateDirectory(home.Path);
        foreach (var step in new[] { directory.Root, Path.GetDirectoryName(home.Path)!, home.Path })
            await user.LetThroughAsync(step, cancellationToken);
        // 2.
        PrivateFile.WriteJson(home.ConfigFile, new ServerConfig(programs.Directory, region.ServerPort, user.Name));
        var isThere = Directory.Exists(home.Data);
        if (isThere && !File.Exists(home.PasswordFile))
        {
            throw new Failure(ErrorCodes.RoleConfig, $"'{home.PasswordFile}' is gone, and the server takes no other.",
                "Restore it from a backup.").ToException();
        }
        if (isThere)
            return false;
        if (!File.Exists(home.PasswordFile))
            PrivateFile.Write(home.PasswordFile, NewPassword());
        // 3.
        await MakeDataAsync(home, cancellationToken);
        return true;
    }

    // An attempt that was interrupted leaves a directory that is not used, and is made anew.
    private async Task MakeDataAsync(ServerHome home, CancellationToken cancellationToken)
    {
        if (Directory.Exists(home.UnfinishedData))
            Directory.Delete(home.UnfinishedData, recursive: true);
        PrivateFile.CreateDirectory(home.UnfinishedData);
        await user.GiveAsync(home.UnfinishedData, cancellationToken);
        try
        {
            PrivateFile.Write(home.HandedPassword, await File.ReadAllBytesAsync(home.PasswordFile, cancellationToken));
            await user.GiveAsync(home.HandedPassword, cancellationToken);
            var (code, said) = await ProgramRun.RunAsync(user.As(
                [programs.InitDb, "-D", home.UnfinishedData, "-U", ServerHome.Administrator, "--pwfile",
                    home.HandedPassword, "-A", "scram-sha-256", "--no-locale", "-E", "UTF8", "--data-checksums"]),
                cancellationToken);
            if (code != 0)
            {
                throw new Failure(ErrorCodes.ServerNotMade,
                    Sentence.End($"initdb failed: {said.Split('\n').LastOrDefault(IsTelling, "it said nothing")}"),
                    $"Mend that, and run 'pelago up' again. Its programs are in '{programs.Directory}'.")
                    .ToException();
            }
        }
        finally
        {
            File.Delete(home.HandedPassword);
        }
        Directory.Move(home.UnfinishedData, home.Data);
    }

    private static bool IsTelling(string line) => line.Contains("error:", StringComparison.Ordinal)
        || line.Contains("FATAL:", StringComparison.Ordinal);

    private static byte[] NewPassword()
    {
        var text = new byte[Base64Url.GetEncodedLength(PasswordBytes) + 1];
        Base64Url.EncodeToUtf8(RandomNumberGenerator.GetBytes(PasswordBytes), text);
        text[^1] = (byte)'\n';
        return text;
    }
}
