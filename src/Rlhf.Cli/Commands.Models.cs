using System.CommandLine;
using Rlhf.Cli.Models;
using Rlhf.Learning.Models;

namespace Rlhf.Cli;

/// <content><c>rlhf models …</c></content>
static partial class Commands
{
    static Command ModelsOf()
    {
        Argument<string> source = new("dir")
        {
            Description = "A Hugging Face folder (Llama, Mistral, Qwen2, Qwen3, GPT-2; one file or shards; float32, bfloat16, float16) or llama2.c's files.",
        };
        Option<string?> name = new("--name")
        {
            Description = "Make it the next version of this name. Without one, gc removes it after its grace period unless something was made from it or it is pinned.",
        };
        Option<string?> adapter = new("--adapter") { Description = "Folder with a low-rank adapter for it, in PEFT's format." };
        Option<bool> adapterOnly = new("--adapter") { Description = "Write a policy's low-rank adapter alone, in PEFT's format. Without it the adapter is merged into the weights." };
        Argument<string> reference = new("ref") { Description = Reference };
        Argument<string> folder = new("dir") { Description = "A new or empty folder." };
        Option<string> type = new("--dtype") { Description = "Type of the weights: float32 (without loss), bfloat16 or float16.", DefaultValueFactory = _ => "float32" };
        type.AcceptOnlyFromAmong("float32", "bfloat16", "float16");
        Option<double> shard = new("--shard-gb")
        {
            Description = "Largest weights file in gigabytes; a larger model is split.",
            DefaultValueFactory = _ => HuggingFaceFolder.LargestShard / 1e9,
        };
        var import = new Command(
            "import", "Read and check a model completely and store it: as policy, or as reward-model where it gives texts one number.") { source, name, adapter };
        var export = new Command(
            "export",
            "Write a policy or reward model as a folder that transformers, vLLM and llama.cpp's converter read (artifacts export copies an artifact's files as they are).")
        { reference, folder, type, shard, adapterOnly };
        Act(import, (workspace, parsed, json, cancellation) => ModelsCommand.ImportAsync(
            workspace, parsed.GetValue(source)!, parsed.GetValue(adapter), parsed.GetValue(name), json, cancellation));
        Act(export, (workspace, parsed, json, cancellation) => ModelsCommand.ExportAsync(
            workspace, parsed.GetValue(reference)!, parsed.GetValue(folder)!,
            Enum.Parse<WeightType>(parsed.GetValue(type)!, ignoreCase: true), parsed.GetValue(shard), parsed.GetValue(adapterOnly), json, cancellation));
        export.Validators.Add(NeedsStore);
        return new("models", "Models from the Hub and back.") { import, export, Plan() };
    }

    static Command Plan()
    {
        Option<string> policy = new("--policy") { Description = "Model folder (Hugging Face or llama2.c); its weights are not read.", Required = true };
        Option<string> preset = new("--preset") { Description = "HParams: a name in workflows/presets or a file.", DefaultValueFactory = _ => "pretrained" };
        Option<string?> prompts = new("--prompts") { Description = "Prompts, whose tokens are counted: .txt, .jsonl or .json." };
        Option<int> tokens = new("--prompt-tokens") { Description = "Tokens of the longest prompt, without --prompts.", DefaultValueFactory = _ => 64 };
        Option<double?> memory = new("--memory") { Description = "Gigabytes (of 10⁹ bytes) there are. Default: what this machine has free." };
        Option<bool> noTime = new("--no-time") { Description = "Memory alone: nothing is measured, the answer comes at once." };
        var plan = new Command(
            "plan", "Say what memory and time each step of a round will take, before it starts; refuse what cannot fit, with what would.")
        { policy, preset, prompts, tokens, memory, noTime };
        Act(plan, (workspace, parsed, json, cancellation) => PlanCommand.RunAsync(
            workspace,
            new(parsed.GetValue(policy)!, parsed.GetValue(preset)!, parsed.GetValue(prompts), parsed.GetValue(tokens), parsed.GetValue(memory), parsed.GetValue(noTime), json),
            cancellation));
        return plan;
    }
}
