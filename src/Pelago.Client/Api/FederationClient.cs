namespace Pelago.Client;

/// <summary>The Management API of the federation plane. Every method throws
/// <see cref="Pelago.Model.PelagoException"/> with the server's code.</summary>
public sealed class FederationClient(ApiAddress api) : IDisposable
{
    private readonly ApiConnection _connection = new(api);

    /// <summary>Succeeds when it answers.</summary>
    public Task CheckReadyAsync(CancellationToken cancellationToken)
        => _connection.GetTextAsync("/readyz", cancellationToken);

    /// <summary>A group and its regions.</summary>
    public Task<GroupView> GetGroupAsync(string group, CancellationToken cancellationToken)
        => _connection.GetAsync($"/v1/groups/{Uri.EscapeDataString(group)}", FederationJson.Default.GroupView,
            cancellationToken);

    /// <summary>The group's trust bundle, PEM.</summary>
    public Task<string> GetTrustBundleAsync(string group, CancellationToken cancellationToken)
        => _connection.GetTextAsync($"/v1/groups/{Uri.EscapeDataString(group)}/trust-bundle", cancellationToken);

    /// <summary>What the federation plane finds out about itself.</summary>
    public Task<FederationDiagnosis> DiagnoseAsync(CancellationToken cancellationToken)
        => _connection.GetAsync("/v1/diagnosis", DiagnosisJson.Default.FederationDiagnosis, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();
}
