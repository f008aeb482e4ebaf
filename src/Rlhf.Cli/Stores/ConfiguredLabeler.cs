using Rlhf.Steps.Labeling;

namespace Rlhf.Cli.Stores;

/// <summary>A labeler that is put together when it is needed first, since most stores never need it.</summary>
sealed class ConfiguredLabeler(Func<ILabeler> make) : ILabeler
{
    readonly Lazy<ILabeler> _labeler = new(make, LazyThreadSafetyMode.PublicationOnly);

    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken) => _labeler.Value.AskAsync(request, cancellationToken);

    public Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken) =>
        _labeler.Value.CollectAsync(request, askedAt, cancellationToken);

    public Task WithdrawAsync(LabelingRequest request, CancellationToken cancellationToken) => _labeler.Value.WithdrawAsync(request, cancellationToken);
}
