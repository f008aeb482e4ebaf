using Rlhf.Pipeline;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

// One of many processes that promote at the same moment: says that it is ready, reads the promotion's inputs when it is told to begin, and says what became of
// it. Arguments: the store's folder; its own name.
var (folder, name) = (args[0], args[1]);
var objects = new FolderObjectStore(folder);
var services = new Dictionary<string, object>
{
    [INotifications.Service] = new LoggedNotifications(_ => { }),
    [IPromotionKeys.Service] = new PromotionKeys(folder, () => null, () => new()),
    [IPromotionRules.Service] = PromotionRules.Parse(null),
};
var runner = new StepRunner(PipelineSteps.All, objects, TimeProvider.System, services, TimeSpan.Zero);
await new StepRecords(objects).ListAsync(default); // compiled before the start

Console.WriteLine("ready");
var values = CanonicalJson.Deserialize<System.Text.Json.Nodes.JsonObject>(System.Text.Encoding.UTF8.GetBytes(Console.ReadLine()!), "the inputs");
Console.WriteLine(await runner.RunAsync("PromoteChallenger", values, new(name, "promote"), null, default) switch
{
    StepResult.Completed done => $"{done.Outcome}: {done.Outputs["reason"]}",
    StepResult.Failed failed => $"Failed: {failed.Reason}",
    var other => $"{other}",
});
