using Rlhf.Adapters.Blob;
using Rlhf.Adapters.Judge;
using Rlhf.Adapters.Scoring;
using Rlhf.Adapters.Webhooks;
using Rlhf.Cli.Gates;
using Rlhf.Cli.Tracking;
using Rlhf.Cli.Workflows;
using Rlhf.Pipeline;
using Rlhf.Pipeline.Judging;
using Rlhf.Runtime;
using Rlhf.Runtime.Driver;
using Rlhf.Simulation.Gold;
using Rlhf.Simulation.Labelers;
using Rlhf.Simulation.Stories;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;
using Rlhf.Steps.Scoring;

namespace Rlhf.Cli.Stores;

/// <summary>Everything put together over one store: the one place where ports meet what stands behind them.</summary>
sealed class Workspace : IAsyncDisposable
{
    /// <summary>Longer than any upload takes: what is older was left by a process that was killed.</summary>
    static readonly TimeSpan Unfinished = TimeSpan.FromHours(1);

    const string Simulated = "simulated", File = "file", Judge = "judge";

    static readonly string[] Labelers = [Simulated, File, LabelingTools.Argilla, LabelingTools.LabelStudio, Judge, OwnJudges.RewardModel, OwnJudges.Policy];

    readonly Func<WorkflowRuntime> _open;
    readonly Lock _opening = new();
    WorkflowRuntime? _runtime;
    readonly IDisposable? _notifications;
    readonly ScoringClient? _rewards;
    TrackingSession? _tracking;
    NotificationSender? _sender;

    /// <param name="store">Folder of the artifacts, unless they are in Azure Blob Storage, and, without a database of its own, of the workflow state.</param>
    /// <param name="queues">Steps at once, by queue; null: one of each.</param>
    /// <param name="observer">Sees what the engine does, where this process drives or works.</param>
    /// <param name="stays">True for a process that stays: it fires schedules while it drives.</param>
    /// <param name="schedulesLeftTo">Who fires them in its place; null: nobody.</param>
    public Workspace(string store, IReadOnlyDictionary<string, int>? queues = null, IDriverObserver? observer = null, bool stays = false, string? schedulesLeftTo = null)
    {
        Store = store;
        Objects = ObjectStores.Open(store);
        var constitutions = new Constitutions(WorkflowFiles.Constitutions);
        Action<string> log = observer is null ? Console.Error.WriteLine : observer.Trouble;
        INotifications notifications = Settings.Webhook is { } webhook ? new WebhookNotifications(webhook, TimeProvider.System, log) : new LoggedNotifications(log);
        (Notifications, _notifications) = (notifications, notifications as IDisposable);
        Dictionary<string, object> services = new()
        {
            ["stories"] = new StoryGrammar(),
            [Simulated] = new SimulatedLabelers(TimeProvider.System),
            [File] = new DeskLabeler(() => Runtime.Desk, TimeProvider.System),
            [LabelingTools.Argilla] = new ConfiguredLabeler(ToolSettings.Argilla),
            [LabelingTools.LabelStudio] = new ConfiguredLabeler(ToolSettings.LabelStudio),
            [Judge] = new ConstitutionalJudge(() => Settings.Judge, Objects, constitutions, TimeProvider.System),
            [INotifications.Service] = notifications,
            [IGateFiles.Service] = new GateFiles(),
            [IPromotionKeys.Service] = PromotionKeys = new(store, () => Settings.SigningKey, () => Settings.TrustedKeys),
            [IPromotionRules.Service] = Settings.Approvals,
        };
        if (Settings.Rewards is { } rewards) services[IRewardScoring.Service] = _rewards = new ScoringClient(rewards, TimeProvider.System);
        foreach (var (name, own) in OwnJudges.Over(Objects, constitutions)) services[name] = own;
        Runner = new([.. PipelineSteps.All, new MeasureGoldStep()], Objects, TimeProvider.System, services, CheckpointInterval(), Settings.Environment);
        var options = new RuntimeOptions(store) { Postgres = Settings.Database, Lease = Settings.Lease, ResolveInput = ResolveAsync, FiresSchedules = stays, SchedulesLeftTo = schedulesLeftTo, Workflows = WorkflowFiles.All };
        if (queues is not null) options = options with { Queues = queues };
        _open = () => new(options, Runner, TimeProvider.System, observer);
    }

    public string Store { get; }

    /// <summary>For people: where artifacts and workflow state are.</summary>
    public string Place => string.Join(" and ", new[] { ObjectStores.Place(Store), Settings.Database is null ? null : "PostgreSQL" }.OfType<string>());

    public IObjectStore Objects { get; }

    public ArtifactStore Artifacts => new(Objects);

    /// <summary>The same without the cache: what really is in the store.</summary>
    public ArtifactStore Stored => new(Objects is CachedObjectStore cached ? cached.Inner : Objects);

    public Names Names => new(Objects, TimeProvider.System);

    public Aliases Aliases => new(Objects, Settings.Environment);

    public Pins Pins => new(Objects, TimeProvider.System);

    /// <summary>What people may write where an artifact is meant.</summary>
    public References References => new(Objects, TimeProvider.System, Settings.Environment);

    /// <summary>All promotions of the store.</summary>
    public PromotionStore Promotions => new(Objects);

    /// <summary>What signs promotions and approvals, and what is trusted.</summary>
    public PromotionKeys PromotionKeys { get; }

    public INotifications Notifications { get; }

    public StepRunner Runner { get; }

    /// <summary>Opened when it is first asked for; where that fails, whoever asks next tries again.</summary>
    /// <exception cref="IOException">The database cannot be opened.</exception>
    public WorkflowRuntime Runtime
    {
        get
        {
            lock (_opening) return _runtime ??= _open();
        }
    }

    /// <summary>Drives the store from this process, and clears away what a killed one left half-written long ago.</summary>
    /// <exception cref="DriverBusyException">Another process drives it.</exception>
    public async Task DriveAsync(CancellationToken cancellationToken)
    {
        await Runtime.DriveAsync(cancellationToken);
        // Who drives delivers; senders of many processes would do no harm.
        _tracking ??= TrackingSession.Open(Objects, Runtime);
        _tracking?.Begin();
        _sender ??= new(Objects, Notifications, Console.Error.WriteLine);
        if (Objects is FolderObjectStore folder) folder.RemoveUnfinished(Unfinished);
    }

    /// <summary>Drives the store from this process if no other does.</summary>
    public async Task<bool> TryDriveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DriveAsync(cancellationToken);
            return true;
        }
        catch (DriverBusyException)
        {
            return false;
        }
    }

    /// <summary>Makes every file of the workflows folders that has changed the published version of its definition; one that cannot be published is named and left out.</summary>
    public async Task PublishWorkflowsAsync(CancellationToken cancellationToken)
    {
        foreach (var problem in await Runtime.Library.LookAsync(cancellationToken)) Console.Error.WriteLine($"Not published: {problem}");
    }

    /// <summary>The name of a labeler, checked, and whether what it needs is there: an endpoint, or the artifact that judges.</summary>
    /// <exception cref="ArgumentException">There is no such labeler, or what it needs is missing, or there is what it does not need.</exception>
    public static string Labeler(string name, string? judge)
    {
        if (!Labelers.Contains(name)) throw new ArgumentException($"'{name}' is no known labeler; known are {string.Join(", ", Labelers)}.");
        var own = name is OwnJudges.RewardModel or OwnJudges.Policy;
        if (own && judge is null) throw new ArgumentException($"--labeler {name} needs --judge: the artifact or the name of the {name} that judges, such as {name}@latest.");
        if (!own && judge is not null) throw new ArgumentException($"--judge is '{judge}', but --labeler {name} asks no model of our own; expected --labeler {OwnJudges.RewardModel} or {OwnJudges.Policy}.");
        if (name == Judge && Settings.Judge is null) throw new ArgumentException($"--labeler {Judge} needs {JudgeSettings.Variable} and {JudgeSettings.ModelVariable}: an OpenAI-compatible API, such as https://judge.example/v1, and a model there.");
        if (name == LabelingTools.Argilla) ToolSettings.Argilla();
        if (name == LabelingTools.LabelStudio) ToolSettings.LabelStudio();
        return name;
    }

    /// <summary>At the end of a command that drove the store: what is committed by now goes to MLflow, where one is configured.</summary>
    public Task DeliverAsync(CancellationToken cancellationToken) => _tracking?.FlushAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Pages of the MLflow server about what was delivered of an instance, by its id and the keys of its steps; none where no server is configured, or this process does not deliver.</summary>
    public Task<IReadOnlyDictionary<string, Uri>> TrackedAsync(string instance, CancellationToken cancellationToken) =>
        _tracking?.Delivery.PagesOfAsync(instance, cancellationToken) ?? Task.FromResult<IReadOnlyDictionary<string, Uri>>(new Dictionary<string, Uri>());

    public async ValueTask DisposeAsync()
    {
        if (_tracking is not null) await _tracking.DisposeAsync();
        if (_sender is not null) await _sender.DisposeAsync();
        if (_runtime is { } runtime) await runtime.DisposeAsync();
        _notifications?.Dispose();
        _rewards?.Dispose();
    }

    // A preset may be called by its name wherever an instance is started: by a schedule, in Studio, over the API.
    async Task<string> ResolveAsync(string input, string value, CancellationToken cancellationToken) =>
        References.IsReference(value) ? (await References.ResolveAsync(value, cancellationToken)).ToString()
        : input == StepDescription.Preset && WorkflowFiles.Presets.FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == value) is { } file ? (await this.PresetAsync(file, cancellationToken)).ToString()
        : value;

    /// <summary>How much work a kill may cost.</summary>
    static TimeSpan CheckpointInterval()
    {
        const string variable = "RLHF_CHECKPOINT_SECONDS";
        if (Settings.Text(variable) is not { } text) return TimeSpan.FromSeconds(5);
        return double.TryParse(text, out var seconds) && seconds is >= 0 and <= 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"{variable} is '{text}'; expected seconds, 0 to 1000000.");
    }
}
