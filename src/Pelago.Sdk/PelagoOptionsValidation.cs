using Microsoft.Extensions.Options;

namespace Pelago.Sdk;

/// <summary>Refuses to start with options that break a rule; names all of them.</summary>
internal sealed class PelagoOptionsValidation : IValidateOptions<PelagoOptions>
{
    public ValidateOptionsResult Validate(string? name, PelagoOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
