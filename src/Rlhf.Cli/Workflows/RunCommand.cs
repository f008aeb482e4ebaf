using System.Text.Json.Nodes;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Stores;

namespace Rlhf.Cli.Workflows;

/// <summary><c>rlhf run</c>: any workflow file, after its lint.</summary>
static class RunCommand
{
    public static async Task<int> RunAsync(Workspace workspace, string workflow, string[] inputs, string? preset, bool lintOnly, bool json, CancellationToken cancellationToken)
    {
        var file = WorkflowFiles.Definition(workflow);
        if (workspace.Runtime.Lint(file) is { Count: > 0 } findings)
        {
            foreach (var finding in findings) Console.Error.WriteLine(finding);
            return ExitCodes.WrongUsage;
        }
        if (lintOnly)
        {
            Console.Error.WriteLine($"{file}: no findings.");
            return ExitCodes.Done;
        }
        var values = Values(inputs);
        if (preset is not null) values["preset"] = (await workspace.PresetAsync(preset, cancellationToken)).ToString();
        var instance = await workspace.Runtime.StartAsync(file, values, cancellationToken);
        return await RoundCommand.FollowAsync(workspace, instance, json, cancellationToken);
    }

    /// <summary><c>name=value</c> each; a number or a boolean is one, everything else is text.</summary>
    static JsonObject Values(string[] inputs)
    {
        var values = new JsonObject();
        foreach (var input in inputs)
        {
            if (input.Split('=', 2) is not [{ Length: > 0 } name, var value]) throw new ArgumentException($"'{input}' is no input; expected name=value.");
            values[name] = long.TryParse(value, out var integer) ? integer : double.TryParse(value, out var number) ? number : bool.TryParse(value, out var truth) ? truth : value;
        }
        return values;
    }
}
