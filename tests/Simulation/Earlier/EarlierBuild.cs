using System.Reflection;
using System.Runtime.Loader;

namespace Pelago.Tests.Simulation;

/// <summary>The earlier build, beside this one in one process: its assemblies have the names of ours and are loaded
/// apart from them.</summary>
/// <remarks><c>eng/earlier.sh</c> makes it of the commit that <c>eng/earlier-release</c> names.</remarks>
internal static class EarlierBuild
{
    private const string Name = "Pelago.Tests.Earlier";

    private delegate IReadOnlyDictionary<string, Delegate> Creation(
        string name, string[] members, Guid journal, ulong seed, IReadOnlyDictionary<string, Delegate> outward);

    private static readonly Lazy<Creation> Loaded = new(Load);

    /// <summary>Makes a process of the earlier build.</summary>
    /// <param name="outward">What it asks of the world; <c>Inside/EarlierProcess.cs</c> names what it needs.</param>
    /// <returns>What can be asked of it.</returns>
    public static IReadOnlyDictionary<string, Delegate> Create(
        string name, IReadOnlyList<string> members, Guid journal, ulong seed,
        IReadOnlyDictionary<string, Delegate> outward)
        => Loaded.Value(name, [.. members], journal, seed, outward);

    private static Creation Load()
    {
        var file = Path.Combine(Folder(), Name + ".dll");
        var type = new Apart(file).LoadFromAssemblyPath(file)
            .GetType($"{Name}.EarlierProcess", throwOnError: true)!;
        return type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Creation>();
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var builds = Path.Combine(folder.FullName, "artifacts", "earlier");
            if (File.Exists(Path.Combine(folder.FullName, "eng", "earlier.sh"))
                && File.Exists(Path.Combine(builds, "current")))
                return Path.Combine(builds, File.ReadAllText(Path.Combine(builds, "current")).Trim());
        }
        throw new InvalidOperationException("The earlier build is not there that this test needs. Run eng/earlier.sh, "
            + "which makes it of the commit that eng/earlier-release names; './pelago test simulation' does so.");
    }

    private sealed class Apart(string file) : AssemblyLoadContext("the earlier build")
    {
        private readonly AssemblyDependencyResolver resolver = new(file);

        protected override Assembly? Load(AssemblyName assemblyName)
            => resolver.ResolveAssemblyToPath(assemblyName) is { } own ? LoadFromAssemblyPath(own) : null;

        protected override nint LoadUnmanagedDll(string unmanagedDllName)
            => resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } own ? LoadUnmanagedDllFromPath(own) : 0;
    }
}
