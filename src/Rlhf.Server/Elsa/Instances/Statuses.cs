using Rlhf.Runtime.Interpreter;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Elsa's two words for where an instance stands.</summary>
static class Statuses
{
    const string Running = "Running", Finished = "Finished";

    static readonly Dictionary<WorkflowStatus, (string Status, string SubStatus)> Words = new()
    {
        [WorkflowStatus.Running] = (Running, "Executing"),
        [WorkflowStatus.Suspended] = (Running, "Suspended"),
        [WorkflowStatus.Finished] = (Finished, "Finished"),
        [WorkflowStatus.Faulted] = (Finished, "Faulted"),
        [WorkflowStatus.Cancelled] = (Finished, "Cancelled"),
    };

    /// <summary>The words that a filter may have; nothing here is ever pending.</summary>
    public static readonly Dictionary<string, IReadOnlyList<WorkflowStatus>> OfStatus = Grouped(w => w.Status), OfSubStatus = Grouped(w => w.SubStatus, "Pending");

    public static string Status(WorkflowStatus status) => Words[status].Status;

    public static string SubStatus(WorkflowStatus status) => Words[status].SubStatus;

    /// <summary>Faulted ones have ended too, in Elsa's words; here they may be tried again.</summary>
    public static bool HasEnded(WorkflowStatus status) => Status(status) == Finished;

    static Dictionary<string, IReadOnlyList<WorkflowStatus>> Grouped(Func<(string Status, string SubStatus), string> word, params string[] none)
    {
        var groups = Words.GroupBy(w => word(w.Value)).ToDictionary(g => g.Key, g => (IReadOnlyList<WorkflowStatus>)[.. g.Select(w => w.Key)], StringComparer.OrdinalIgnoreCase);
        foreach (var empty in none) groups[empty] = [];
        return groups;
    }
}
