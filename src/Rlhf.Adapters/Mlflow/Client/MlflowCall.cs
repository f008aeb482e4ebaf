using System.Security.Authentication;
using Polly;
using Polly.CircuitBreaker;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// One request until it has an answer. What may pass leaves a try as the pipeline knows it (an answer with its status, a lost connection), what
/// may not as an <see cref="MlflowException"/>, which no pipeline tries again; so does anything after which a request that is to be sent
/// <see cref="MlflowRequest.Once"/> may have been carried out.
/// </summary>
sealed class MlflowCall<T>(
    MlflowRequest request, Func<CancellationToken, Task<HttpResponseMessage>> send, Func<HttpResponseMessage, CancellationToken, Task<T>> read)
{
    T? _value;
    MlflowException? _failure;
    bool _mayBeDone;

    public async Task<T> RunAsync(ResiliencePipeline<HttpResponseMessage> pipeline, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await pipeline.ExecuteAsync(async token => await TryAsync(token, cancellationToken), cancellationToken);
        }
        catch (Exception e) when (Failure(e, cancellationToken) is { } failure)
        {
            throw failure;
        }
        return _failure is null ? _value! : throw _failure;
    }

    async Task<HttpResponseMessage> TryAsync(CancellationToken token, CancellationToken caller)
    {
        var before = _mayBeDone;
        _failure = null;
        HttpResponseMessage? answer = null;
        try
        {
            _mayBeDone = true;
            answer = await send(token);
            _failure = await MlflowFailure.OfAsync(request, answer, token);
            if (_failure is null) _value = await read(answer, token);
            else if (!_failure.MayHaveSucceeded) _mayBeDone = before;
            if (_failure is null || (request.GoneIsDone && before && _failure.ErrorCode == MlflowErrors.DoesNotExist))
            {
                _failure = null;
                return answer;
            }
            return _failure.Permanent || (request.Once && _failure.MayHaveSucceeded) ? throw _failure : answer;
        }
        catch (Exception e)
        {
            answer?.Dispose();
            if (NeverArrived(e)) _mayBeDone = before;
            if (request.Once && _mayBeDone && Failure(e, caller) is { } failure) throw failure;
            throw;
        }
    }

    MlflowException? Failure(Exception e, CancellationToken caller) => e switch
    {
        MlflowException => null,
        OperationCanceledException when caller.IsCancellationRequested => null,
        BrokenCircuitException => Failed(MlflowErrors.HeldBack, $"not sent, since too many requests failed lately. {e.Message}", e),
        ExecutionRejectedException or OperationCanceledException => Failed(MlflowErrors.TimedOut, $"no answer in time. {e.Message}", e),
        HttpRequestException or IOException => Failed(MlflowErrors.Unreachable, e.Message, e),
        _ => null,
    };

    MlflowException Failed(string code, string message, Exception e) => new(request, code, message, e)
    {
        Permanent = e.InnerException is AuthenticationException,
        MayHaveSucceeded = _mayBeDone && request.Method != HttpMethod.Get,
    };

    static bool NeverArrived(Exception e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError,
    };
}
