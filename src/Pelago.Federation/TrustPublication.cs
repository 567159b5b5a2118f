using System.Text;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Federation;

/// <summary>The group's trust bundle as the federation plane publishes it: in <c>bundle.pem</c> of its home, and to
/// whoever asks. A bundle with other content than the one published before gets a higher epoch, because regions refuse
/// what is not newer than what they have.</summary>
internal static class TrustPublication
{
    /// <summary>Makes the bundle and publishes it. 1. What was published before, 2. the epoch, in the state before it
    /// is used, 3. the file.</summary>
    public static TrustBundle Publish(string file, RootAuthority root, StateFile state)
    {
        // 1.
        TrustBundle? before = null;
        if (File.Exists(file) && TrustBundle.Parse(File.ReadAllText(file), out before) is not null)
            before = null; // damaged: it is written anew, and the state knows the epoch

        // 2.
        var epoch = Math.Max(state.Current.TrustEpoch, before?.Epoch ?? 0);
        var bundle = root.ToBundle(epoch);
        if (before is not null && before.Epoch == epoch && before.Pem != bundle.Pem)
            bundle = root.ToBundle(epoch + 1);
        if (bundle.Epoch != state.Current.TrustEpoch)
            state.Replace(state.Current with { TrustEpoch = bundle.Epoch });

        // 3.
        PrivateFile.Write(file, Encoding.ASCII.GetBytes(bundle.Pem));
        return bundle;
    }
}
