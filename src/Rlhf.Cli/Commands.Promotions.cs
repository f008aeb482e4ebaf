using System.CommandLine;
using Rlhf.Cli.Promotions;

namespace Rlhf.Cli;

/// <content><c>rlhf promote</c>, <c>rlhf rollback</c>, <c>rlhf promotions …</c></content>
static partial class Commands
{
    static Option<string?> EnvironmentOption() => new("--environment") { Description = "Whose champion it is about, such as prod. Default: RLHF_ENVIRONMENT, or sandbox." };

    static Option<string?> CampaignOption() => new("--campaign") { Description = "Whose champion it is about, where that is not clear." };

    static Command Promote()
    {
        Argument<string> policy = new("ref") { Description = "The policy to promote, such as policy@12." };
        Option<string?> environment = EnvironmentOption(), campaign = CampaignOption();
        Option<string?> requestedBy = new("--requested-by") { Description = "Who asks, and may not approve it, where that is not the person at this machine: such as who started the pipeline." };
        Option<bool> wait = new("--wait") { Description = "Wait for approvals instead of ending with exit code 4." };
        Command command = new("promote", "Make a policy champion by the newest decision of the gate that allows it, and print why. Exit codes: 0 promoted, 3 refused, 4 waiting for approval.") { policy, environment, campaign, requestedBy, wait };
        Act(command, (workspace, parsed, json, cancellation) => PromoteCommand.RunAsync(
            workspace, new(parsed.GetValue(policy)!, parsed.GetValue(environment), parsed.GetValue(campaign), parsed.GetValue(requestedBy), parsed.GetValue(wait), json), cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command RollbackOf()
    {
        Option<string?> environment = EnvironmentOption(), campaign = CampaignOption();
        Option<int?> to = new("--to") { Description = "The champion's version whose policy comes back. Default: the one before the current." };
        Option<string> why = new("--why") { Description = "The reason, for those who look at it later.", Required = true };
        Command command = new("rollback", "Make an earlier champion the champion again.") { to, why, environment, campaign };
        Act(command, (workspace, parsed, json, cancellation) => RollbackCommand.RunAsync(
            workspace, parsed.GetValue(environment), parsed.GetValue(campaign), parsed.GetValue(to), parsed.GetValue(why)!, json, cancellation));
        command.Validators.Add(NeedsStore);
        return command;
    }

    static Command PromotionsOf()
    {
        Argument<string> id = new("id") { Description = "Id of the promotion or its first digits (rlhf promotions list)." };
        Option<string> comment = new("--comment") { Description = "For the record.", DefaultValueFactory = _ => "" };
        Option<string> why = new("--why") { Description = "The reason.", Required = true };
        Option<string?> environment = new("--environment") { Description = "Only those of this environment." };
        var list = new Command("list", "Promotions, the newest first.") { environment };
        var show = new Command("show", "One promotion: what it rests on, who has approved, what became of it.") { id };
        var approve = new Command("approve", "Approve a promotion, as the person at this machine; who asked for it may not, and where two people are needed they sign in at rlhf serve.") { id, comment };
        var reject = new Command("reject", "Reject a promotion for good, as the person at this machine.") { id, why };
        Act(list, (workspace, parsed, json, cancellation) => PromotionsCommand.ListAsync(workspace, parsed.GetValue(environment), json, cancellation));
        Act(show, (workspace, parsed, json, cancellation) => PromotionsCommand.ShowAsync(workspace, parsed.GetValue(id)!, json, cancellation));
        Act(approve, (workspace, parsed, json, cancellation) => PromotionsCommand.AnswerAsync(workspace, parsed.GetValue(id)!, approves: true, parsed.GetValue(comment)!, json, cancellation));
        Act(reject, (workspace, parsed, json, cancellation) => PromotionsCommand.AnswerAsync(workspace, parsed.GetValue(id)!, approves: false, parsed.GetValue(why)!, json, cancellation));
        foreach (var command in new[] { list, show, approve, reject }) command.Validators.Add(NeedsStore);
        return new("promotions", "What was promoted, by whom and why.") { list, show, approve, reject, Verify() };
    }

    static Command Verify()
    {
        Argument<string> record = new("record") { Description = "A promotion: its artifact (promotion/…), or without any store the folder that rlhf artifacts export wrote, or record.json in it." };
        Option<string[]> keys = new("--key") { Description = "File of a public key that is trusted (PEM). May stand several times. Besides: RLHF_TRUSTED_KEYS and the own key." };
        Command command = new("verify", "Check a promotion's signatures, hashes and criteria, and decide again from its evidence. Exit code 1 where something is wrong.") { record, keys };
        command.Does((parsed, cancellation) => VerifyCommand.RunAsync(parsed.GetValue(Store)!, parsed.GetValue(record)!, parsed.GetValue(keys) ?? [], parsed.GetValue(Json), cancellation));
        return command;
    }
}
