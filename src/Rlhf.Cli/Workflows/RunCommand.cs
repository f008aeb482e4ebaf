using System.Text.Json.Nodes;
using Rlhf.Cli.Engine;
using Rlhf.Cli.Rounds;
using Rlhf.Cli.Stores;
using Rlhf.Runtime.Lint;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Workflows;

/// <summary><c>rlhf run</c>: any workflow file, after its lint.</summary>
static class RunCommand
{
    public static async Task<int> RunAsync(Workspace workspace, string workflow, string[] inputs, string? preset, bool lintOnly, EngineKind engine, bool json, CancellationToken cancellationToken)
    {
        var file = WorkflowFiles.Definition(workflow);
        var findings = workspace.Runtime.Lint(file);
        var failed = findings.Any(f => f.Severity == Severity.Error);
        if (lintOnly || failed) Report(findings, json);
        else foreach (var warning in findings) Console.Error.WriteLine($"warning: {warning}");
        if (lintOnly || failed) return failed ? ExitCodes.WrongUsage : ExitCodes.Done;
        var values = Values(inputs);
        if (preset is not null) values["preset"] = (await workspace.PresetAsync(preset, cancellationToken)).ToString();
        if (engine == EngineKind.Elsa) return await ElsaRun.RunAsync(workspace, file, values, json, cancellationToken);
        var instance = await workspace.Runtime.StartAsync(file, values, Environment.UserName, cancellationToken);
        Console.Error.WriteLine($"Instance {instance}; rlhf instances resume {instance} goes on with it.");
        return await RoundCommand.FollowAsync(workspace, instance, json, cancellationToken);
    }

    static void Report(IReadOnlyList<Finding> findings, bool json) =>
        Output.Write(json, new JsonArray([.. findings.Select(CanonicalJson.ToObject)]), () =>
        {
            foreach (var finding in findings) Console.Error.WriteLine($"{finding.Severity.ToString().ToLowerInvariant()}: {finding}");
            if (findings.Count == 0) Console.Error.WriteLine("No findings.");
        });

    /// <summary><c>name=value</c> each, as text: the workflow's own types decide what it is.</summary>
    /// <param name="what">What each of them is, for the message.</param>
    internal static JsonObject Values(string[] inputs, string what = "an input")
    {
        var values = new JsonObject();
        foreach (var input in inputs)
        {
            if (input.Split('=', 2) is not [{ Length: > 0 } name, var value]) throw new ArgumentException($"'{input}' is not {what}; expected name=value.");
            values[name] = value;
        }
        return values;
    }
}
