using System.CommandLine;
using Rlhf.Cli.Stores;

namespace Rlhf.Cli;

/// <content><c>rlhf artifacts …</c></content>
static partial class Commands
{
    static readonly Option<bool> WithLineage = new("--lineage") { Description = "Copy everything it came from too, with the step records." };

    const string Reference = "An artifact: kind/sha256 or its first digits, or a name such as policy@7, policy@champion, prompts@latest.";
    const string OtherStore = "a folder, or the https address of a Blob container; without it RLHF_REMOTE (a connection string is fine there).";

    static Command Artifacts()
    {
        Argument<string> reference = new("ref") { Description = Reference };
        Argument<string?> optional = new("ref") { Description = "An artifact; without one, all.", Arity = ArgumentArity.ZeroOrOne };
        Argument<string> first = new("a") { Description = Reference }, second = new("b") { Description = Reference };
        Argument<string> folder = new("dir") { Description = "Folder to write to." }, source = new("dir") { Description = "Folder to read." };
        Argument<string> kindOf = new("kind") { Description = "Kind of the artifact, such as model." };
        Option<string?> kind = new("--kind") { Description = "Only artifacts of this kind, such as policy." };
        Option<string?> name = new("--name") { Description = "Make it the next version of this name." };
        var list = new Command("list", "All artifacts of the store.") { kind };
        var names = new Command("names", "What stands for an artifact: versions of names, and the aliases of the environment.");
        var show = new Command("show", "The files of an artifact and the step that made it.") { reference };
        var verify = new Command("verify", "Read artifacts and check every hash.") { optional };
        var diff = new Command("diff", "What differs between two artifacts: files, and what they were made from.") { first, second };
        var export = new Command("export", "Write an artifact's files to a folder.") { reference, folder };
        var import = new Command("import", "Store a folder's files as an artifact.") { kindOf, source, name };
        Act(list, (workspace, parsed, json, cancellation) => ArtifactsCommand.ListAsync(workspace, parsed.GetValue(kind), json, cancellation));
        Act(names, (workspace, _, json, cancellation) => ArtifactsCommand.NamesAsync(workspace, json, cancellation));
        Act(show, (workspace, parsed, json, cancellation) => ArtifactsCommand.ShowAsync(workspace, parsed.GetValue(reference)!, json, cancellation));
        Act(verify, (workspace, parsed, json, cancellation) => ArtifactsCommand.VerifyAsync(workspace, parsed.GetValue(optional), json, cancellation));
        Act(diff, (workspace, parsed, json, cancellation) => ArtifactsCommand.DiffAsync(workspace, parsed.GetValue(first)!, parsed.GetValue(second)!, json, cancellation));
        Act(export, (workspace, parsed, json, cancellation) => ArtifactsCommand.ExportAsync(workspace, parsed.GetValue(reference)!, parsed.GetValue(folder)!, json, cancellation));
        Act(import, (workspace, parsed, json, cancellation) => ArtifactsCommand.ImportAsync(
            workspace, parsed.GetValue(kindOf)!, parsed.GetValue(source)!, parsed.GetValue(name), json, cancellation));
        foreach (var command in new[] { list, names, show, verify, diff, export }) command.Validators.Add(NeedsStore);
        return new("artifacts", "Everything that steps made, by hash.") { list, names, show, verify, diff, LineageOf(), Gc(), Pin(), Unpin(), export, import, Push(), Pull() };
    }

    static Command LineageOf()
    {
        Argument<string?> reference = new("ref") { Description = Reference, Arity = ArgumentArity.ZeroOrOne };
        Option<string?> judgement = new("--judgement") { Description = "Id of a comparison: what was made from the judgements on it." };
        Option<LineageFormat> format = new("--format") { Description = "text or mermaid.", DefaultValueFactory = _ => LineageFormat.Text };
        Command command = new("lineage", "What an artifact was made from, and what was made of it.") { reference, judgement, format };
        Act(command, (workspace, parsed, json, cancellation) => LineageCommand.RunAsync(
            workspace, parsed.GetValue(reference), parsed.GetValue(judgement), parsed.GetValue(format), json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Gc()
    {
        Option<bool> dryRun = new("--dry-run") { Description = "Only say what would go." };
        Option<double> grace = new("--grace") { Description = "Hours that what nothing refers to is kept; 2 or more.", DefaultValueFactory = _ => 7 * 24 };
        Command command = new("gc", "Remove what no record, name, alias, pin or open workflow refers to, and checkpoints of finished steps.") { dryRun, grace };
        Act(command, (workspace, parsed, json, cancellation) => UpkeepCommand.CollectAsync(workspace, parsed.GetValue(grace), parsed.GetValue(dryRun), json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Pin()
    {
        Argument<string> reference = new("ref") { Description = Reference };
        Option<string> reason = new("--reason") { Description = "Why it is to stay.", DefaultValueFactory = _ => "" };
        Command command = new("pin", "Keep an artifact although nothing refers to it.") { reference, reason };
        Act(command, (workspace, parsed, json, cancellation) => UpkeepCommand.PinAsync(workspace, parsed.GetValue(reference)!, parsed.GetValue(reason)!, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Unpin()
    {
        Argument<string> reference = new("ref") { Description = Reference };
        Command command = new("unpin", "Let gc remove an artifact again once nothing refers to it.") { reference };
        Act(command, (workspace, parsed, json, cancellation) => UpkeepCommand.UnpinAsync(workspace, parsed.GetValue(reference)!, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Push()
    {
        Argument<string> reference = new("ref") { Description = Reference };
        Option<string?> to = new("--to") { Description = $"The other store: {OtherStore}" };
        Command command = new("push", "Copy an artifact to another store.") { reference, to, WithLineage };
        Act(command, (workspace, parsed, json, cancellation) => UpkeepCommand.PushAsync(
            workspace, parsed.GetValue(reference)!, parsed.GetValue(to), parsed.GetValue(WithLineage), json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command Pull()
    {
        Argument<string> reference = new("ref") { Description = $"{Reference} It is looked up in the other store." };
        Option<string?> from = new("--from") { Description = $"The other store: {OtherStore}" };
        Command command = new("pull", "Copy an artifact from another store.") { reference, from, WithLineage };
        Act(command, (workspace, parsed, json, cancellation) => UpkeepCommand.PullAsync(
            workspace, parsed.GetValue(reference)!, parsed.GetValue(from), parsed.GetValue(WithLineage), json, cancellation));
        return command;
    }
}
