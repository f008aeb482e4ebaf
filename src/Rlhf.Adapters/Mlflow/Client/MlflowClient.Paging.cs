using System.Runtime.CompilerServices;

namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    abstract record Page
    {
        public string? NextPageToken { get; init; }
    }

    abstract record Page<T> : Page
    {
        public abstract IReadOnlyList<T> Items();
    }

    async IAsyncEnumerable<T> AllAsync<TPage, T>(
        Func<string?, MlflowRequest> request, [EnumeratorCancellation] CancellationToken cancellationToken) where TPage : Page<T>
    {
        await foreach (var page in PagesAsync<TPage>(request, cancellationToken))
            foreach (var item in page.Items()) yield return item;
    }

    // A server that is not told how many it may give answers an empty page and the token of that same page, for ever.
    async IAsyncEnumerable<TPage> PagesAsync<TPage>(
        Func<string?, MlflowRequest> request, [EnumeratorCancellation] CancellationToken cancellationToken) where TPage : Page
    {
        var seen = new HashSet<string>();
        string? token = null;
        do
        {
            var asked = request(token);
            var page = await SendAsync<TPage>(asked, cancellationToken);
            yield return page;
            token = page.NextPageToken;
            if (!string.IsNullOrEmpty(token) && !seen.Add(token))
                throw MlflowFailure.Unexpected(asked, $"the page token '{token}' came a second time; expected each page once.");
        }
        while (!string.IsNullOrEmpty(token));
    }

    static string Text(int number) => number.ToString();

    static IReadOnlyList<T>? OrNull<T>(IReadOnlyList<T>? items) => items is { Count: > 0 } ? items : null;
}
