using System.Text;
using System.Text.RegularExpressions;

namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    /// <summary>The server's version, such as <c>3.11.1</c>. Needs a login where the server asks for one.</summary>
    /// <exception cref="MlflowException">What answers is not MLflow (<see cref="MlflowErrors.NotMlflow"/>), or the request failed.</exception>
    public Task<string> GetServerVersionAsync(CancellationToken cancellationToken = default) =>
        SayAsync("version", text => VersionForm().IsMatch(text), cancellationToken);

    /// <summary>Returns when the server answers that it is well. Needs no login, so it says nothing about credentials.</summary>
    /// <exception cref="MlflowException">What answers is not MLflow (<see cref="MlflowErrors.NotMlflow"/>), or the request failed.</exception>
    public Task CheckHealthAsync(CancellationToken cancellationToken = default) => SayAsync("health", text => text == "OK", cancellationToken);

    // Both routes say text/html for their few letters, as a login page does.
    Task<string> SayAsync(string route, Predicate<string> expected, CancellationToken cancellationToken)
    {
        var request = new MlflowRequest(HttpMethod.Get, route);
        return SendAsync(request, async (answer, token) =>
        {
            var text = Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(token)).Trim();
            return expected(text) ? text : throw MlflowFailure.NotMlflow(request, answer.StatusCode, text);
        }, cancellationToken);
    }

    [GeneratedRegex(@"^\d+\.\d+[\w.+-]*$")]
    private static partial Regex VersionForm();
}
