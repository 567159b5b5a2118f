namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>Something personal was to be sealed for a subject that was forgotten.</summary>
    public static readonly ErrorCode SubjectForgotten = Define("PLG5060", "Subject forgotten", 5, 409);

    /// <summary>This region may not hold keys of subjects, so nothing personal can be sealed in it.</summary>
    public static readonly ErrorCode SubjectKeysElsewhere = Define("PLG5061", "Keys of subjects are elsewhere", 5, 409);

    /// <summary>One request seals or opens members of more subjects than it may.</summary>
    public static readonly ErrorCode TooManySubjects = Define("PLG5062", "Too many subjects", 1, 422);

    /// <summary>Nothing was ever sealed for a subject that is to be erased, as far as the regions that answer have
    /// heard.</summary>
    public static readonly ErrorCode SubjectUnknown = Define("PLG5063", "Subject unknown", 3, 404);
}
