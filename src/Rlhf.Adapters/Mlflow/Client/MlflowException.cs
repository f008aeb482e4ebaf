using System.Net;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// MLflow refused, failed or could not be reached; the one exception of every request, but for cancellation and for fields that are refused
/// before sending (<see cref="ArgumentException"/>). No message holds a credential.
/// </summary>
public sealed class MlflowException : Exception
{
    internal MlflowException(MlflowRequest request, string errorCode, string serverMessage, Exception? inner = null, HttpStatusCode? status = null)
        : base(Sentence(request, errorCode, serverMessage, status), inner)
    {
        (Method, Path, ErrorCode, ServerMessage, Status) = (request.Method.Method, "/" + request.Path, errorCode, serverMessage, status);
    }

    /// <summary>The server's code, or one of this client's where the server gave none: see <see cref="MlflowErrors"/>.</summary>
    public string ErrorCode { get; }

    /// <summary>Null where there was no whole answer.</summary>
    public HttpStatusCode? Status { get; }

    public string Method { get; }

    /// <summary>Without host and query.</summary>
    public string Path { get; }

    /// <summary>What the server said, in plain text, at most 1000 characters; or what happened instead of an answer.</summary>
    public string ServerMessage { get; }

    /// <summary>The same request will be answered the same way; sending it again is of no use.</summary>
    public bool Permanent { get; internal init; }

    /// <summary>
    /// The request may have been carried out all the same. Matters for what creates something under a name that the server makes up (runs, model
    /// versions): look for it before creating it again.
    /// </summary>
    public bool MayHaveSucceeded { get; internal init; }

    static string Sentence(MlflowRequest request, string code, string message, HttpStatusCode? status) =>
        status is { } s ? $"MLflow answered {(int)s} {code} to {request.Method} /{request.Path}: {message}" : $"MLflow, {request.Method} /{request.Path}: {message}";
}
