using Rlhf.Cli.Gates;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;

namespace Rlhf.Cli.Workflows;

/// <summary>What people write beside the workflows (guidelines, gates, constitutions), read as it will be read when it is needed.</summary>
static class WorkflowInputs
{
    /// <summary>Whoever labels reads them and answers their worked examples first.</summary>
    /// <returns>The axes that have guidelines.</returns>
    /// <exception cref="InvalidDataException">A worked example is broken; the message names file and line.</exception>
    public static IReadOnlyList<string> CheckGuidelines()
    {
        var files = new GuidelinesFiles(WorkflowFiles.Guidelines);
        foreach (var axis in files.Axes())
        {
            if (files.Find(axis) is { } version) WorkedExamples.Of(version);
        }
        return files.Axes();
    }

    /// <returns>What there is, in a line.</returns>
    /// <exception cref="InvalidDataException">Something is broken; the message names it.</exception>
    public static string CheckAll()
    {
        var (axes, gates) = (CheckGuidelines(), WorkflowFiles.Gates);
        foreach (var gate in gates) GateFiles.Read(gate);
        var constitutions = new Constitutions(WorkflowFiles.Constitutions);
        var names = WorkflowFiles.Constitutions.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.md")).Select(f => Path.GetFileNameWithoutExtension(f)!).Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (var name in names) constitutions.Read(name);
        return $"guidelines {Said(axes)}; gates {Said(gates.Select(g => Path.GetFileNameWithoutExtension(g)!))}; constitutions {Said(names)}";

        static string Said(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } all ? all : "none";
    }
}
