using Rlhf.Cli.Workflows;
using Rlhf.Steps.Gates;

namespace Rlhf.Cli.Gates;

/// <summary>Gates as they stand now in <c>workflows/gates</c>.</summary>
sealed class GateFiles : IGateFiles
{
    public GateCriteria Find(string name)
    {
        // A workflow names a gate, not a file of the machine that happens to run it.
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) throw new ArgumentException($"'{name}' is no gate; expected a file of workflows/gates without its ending, or a criteria artifact.");
        return Read(WorkflowFiles.Gate(name));
    }

    public static GateCriteria Read(string file) => GateCriteria.Parse(Path.GetFileName(file), File.ReadAllBytes(file));
}
