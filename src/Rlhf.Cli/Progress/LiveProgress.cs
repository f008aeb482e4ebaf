using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlhf.Cli.Progress;

/// <summary>A bar for each step with its key metrics beside it, on the error stream so that the answer alone is on the output.</summary>
sealed class LiveProgress : IRunProgress
{
    readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    readonly Lock _gate = new();
    readonly Dictionary<string, ProgressTask> _tasks = [];
    readonly Dictionary<string, string> _metrics = [];
    readonly TaskCompletionSource _ended = new();
    readonly TaskCompletionSource<ProgressContext> _context = new();
    readonly Task _display;

    public LiveProgress()
    {
        _display = Task.Run(() => _console.Progress().AutoClear(false).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new ElapsedTimeColumn(), new MetricsColumn(this))
            .StartAsync(async context =>
            {
                _context.SetResult(context);
                await _ended.Task;
            }));
    }

    public void Progress(string activity, double fraction, string message)
    {
        lock (_gate)
        {
            if (!_tasks.TryGetValue(activity, out var task))
                _tasks[activity] = task = _context.Task.GetAwaiter().GetResult().AddTask(Markup.Escape(activity), maxValue: 1);
            if (!_metrics.ContainsKey(activity) || fraction >= 1 && !message.StartsWith("update", StringComparison.Ordinal)) _metrics[activity] = message;
            task.Value = fraction;
            if (fraction >= 1) task.StopTask();
        }
    }

    public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values)
    {
        lock (_gate) _metrics[activity] = KeyMetrics.Line(values);
    }

    // Above the bars, which the display draws again below it.
    public void Notice(string activity, string sentence) => _console.MarkupLineInterpolated($"[yellow]{activity}: {sentence}[/]");

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var task in _tasks.Values.Where(t => !t.IsFinished)) task.StopTask();
        }
        _ended.TrySetResult();
        _display.GetAwaiter().GetResult();
    }

    sealed class MetricsColumn(LiveProgress progress) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            lock (progress._gate) return new Text(progress._metrics.GetValueOrDefault(Markup.Remove(task.Description), ""));
        }
    }
}
