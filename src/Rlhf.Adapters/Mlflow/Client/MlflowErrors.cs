namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// What <see cref="MlflowException.ErrorCode"/> may be: the server's own codes that something depends on, and those that this client gives where
/// the server names none. A server may answer others.
/// </summary>
public static class MlflowErrors
{
    public const string AlreadyExists = "RESOURCE_ALREADY_EXISTS";
    public const string DoesNotExist = "RESOURCE_DOES_NOT_EXIST";
    public const string InvalidParameter = "INVALID_PARAMETER_VALUE";
    public const string InvalidState = "INVALID_STATE";
    public const string BadRequest = "BAD_REQUEST";
    public const string NotImplemented = "NOT_IMPLEMENTED";

    /// <summary>Also given to any 401 without a code: no credentials, or wrong ones.</summary>
    public const string Unauthenticated = "UNAUTHENTICATED";

    /// <summary>Also given to any 403 without a code.</summary>
    public const string PermissionDenied = "PERMISSION_DENIED";

    /// <summary>Also given to any 404 or 405 without a code: the server has no such route.</summary>
    public const string NoSuchRoute = "ENDPOINT_NOT_FOUND";

    /// <summary>This client's: the server is too old for what was asked of it.</summary>
    public const string NotSupportedHere = "NOT_SUPPORTED_HERE";

    /// <summary>This client's: no connection, a connection lost, or an answer that ended early.</summary>
    public const string Unreachable = "UNREACHABLE";

    /// <summary>This client's: no answer in time.</summary>
    public const string TimedOut = "TIMED_OUT";

    /// <summary>This client's: not sent, since the server failed too often lately.</summary>
    public const string HeldBack = "HELD_BACK";

    /// <summary>This client's: an answer that is not MLflow's, such as a login page or a redirect to one.</summary>
    public const string NotMlflow = "NOT_MLFLOW";

    // Of the codes that come with a 5xx, those that may pass.
    internal static bool MayPass(string code) => code is
        "INTERNAL_ERROR" or "TEMPORARILY_UNAVAILABLE" or "SERVICE_UNDER_MAINTENANCE" or "DEADLINE_EXCEEDED" or "REQUEST_LIMIT_EXCEEDED"
        or "RESOURCE_EXHAUSTED" or "RESOURCE_LIMIT_EXCEEDED" or "ABORTED" or "IO_ERROR" or "CANCELLED" or "UNKNOWN" or "RESOURCE_CONFLICT";
}
