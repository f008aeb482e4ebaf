using System.CommandLine;
using Rlhf.Cli.Access;
using Rlhf.Runtime.Access;

namespace Rlhf.Cli;

/// <content><c>rlhf keys …</c></content>
static partial class Commands
{
    static Command KeysOf()
    {
        Argument<string> name = new("name") { Description = "Whose it is: the name in judgements, and in the list." };
        Option<Role> role = new("--role") { Description = "viewer, labeler, operator, approver or administrator.", Required = true };
        Option<string?> scope = new("--scope") { Description = "Only for this part: labeling, overview, promotions, scoring or workflows. Without it: for all that the role may do." };
        scope.AcceptOnlyFromAmong("labeling", "overview", "promotions", "scoring", "workflows");
        Option<int?> days = new("--expires-days") { Description = "How long it is valid, 1 to 3650 days. Without it: until it is revoked." };
        Option<int> hours = new("--hours") { Description = "How long the link can be used, 1 to 2160 hours.", DefaultValueFactory = _ => 48 };
        var create = new Command("create", "Make a key for somebody and show it, once. From the first key on nobody comes in without one, on loopback either.") { name, role, scope, days };
        var invite = new Command("invite", "Make a link that lets a labeler join, once.") { name, hours };
        var list = new Command("list", "Keys, invitations and sessions, without their secrets, and who comes in by an OpenID Connect issuer.");
        var revoke = new Command("revoke", "End every key, invitation and session of a name, at once. Who comes in by an issuer comes again as long as it gives them a role.") { name };
        Argument<string> subject = new("subject") { Description = "What the issuer (RLHF_OIDC_ISSUER) calls them: the claim 'sub'." };
        var link = new Command("link", "Say that a name that has keys or judgements here is somebody's whom the OpenID Connect issuer knows.") { name, subject };
        Act(create, (workspace, parsed, json, cancellation) => KeysCommand.CreateAsync(
            workspace, parsed.GetValue(name)!, parsed.GetValue(role), parsed.GetValue(scope), parsed.GetValue(days), json, cancellation));
        Act(invite, (workspace, parsed, json, cancellation) => KeysCommand.InviteAsync(workspace, parsed.GetValue(name)!, parsed.GetValue(hours), json, cancellation));
        Act(list, (workspace, _, json, cancellation) => KeysCommand.ListAsync(workspace, json, cancellation));
        Act(revoke, (workspace, parsed, json, cancellation) => KeysCommand.RevokeAsync(workspace, parsed.GetValue(name)!, json, cancellation));
        Act(link, (workspace, parsed, json, cancellation) => KeysCommand.LinkAsync(workspace, parsed.GetValue(name)!, parsed.GetValue(subject)!, json, cancellation));
        return new("keys", "Who may come in over HTTP.") { create, invite, list, revoke, link };
    }
}
