using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rlhf.Server.Artifacts;
using Rlhf.Server.Elsa.Definitions;
using Rlhf.Server.Elsa.Descriptors;
using Rlhf.Server.Elsa.Instances;
using Rlhf.Server.Elsa.Live;
using Rlhf.Server.Hooks;
using Rlhf.Server.Hosting;
using Rlhf.Server.Labeling;
using Rlhf.Server.OpenIdConnect;
using Rlhf.Server.Overview;
using Rlhf.Server.Pages;
using Rlhf.Server.Promotions;
using Rlhf.Server.Rounds;
using Rlhf.Server.Studio;

namespace Rlhf.Server.Access;

/// <summary>A route, and what it needs.</summary>
/// <param name="Area">What a credential's scope may name.</param>
sealed record Route(string Method, string Pattern, Permission Needs, string Area, RequestDelegate Handle)
{
    /// <summary>True for what a person opens in a browser: who may not is shown the way in.</summary>
    public bool IsPage { get; init; }

    /// <summary>True for an attempt to come in, of which one address has few.</summary>
    public bool IsAttempt { get; init; }

    /// <summary>True for a file that a page asks for together with hundreds of others.</summary>
    public bool IsFile { get; init; }

    /// <summary>True for what changes something even where it is asked for by GET, so that another site must not make a browser ask.</summary>
    public bool Changes { get; init; }

    /// <summary>The longest body that it takes, in bytes.</summary>
    public int LongestBody { get; init; } = PagesServer.LongestBody;

    /// <summary>What handles it where Studio shows the workflows of an Elsa server (<see cref="ServerOptions.Elsa"/>); null: what handles it everywhere.</summary>
    public RequestDelegate? InElsa { get; init; }

    /// <summary>
    /// True where a path is one of this route's; what stands for a name in braces has letters, digits, dashes, underscores and single dots only, and a route of files leads to none.
    /// </summary>
    public bool Leads(string path)
    {
        if (IsFile) return false;
        var (names, parts) = (Pattern.Split('/'), path.Split('/'));
        return names.Length == parts.Length && names.Zip(parts).All(p => p.First.StartsWith('{') ? IsName(p.Second) : p.First == p.Second);
    }

    static bool IsName(string part) => part.Split('.').All(p => p.Length > 0 && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}

/// <summary>Every route of the server; what is not here is not served.</summary>
static class RouteTable
{
    /// <summary>Areas that a credential may be limited to.</summary>
    public const string Labeling = "labeling", Overview = "overview", Promotions = "promotions", Workflows = "workflows", Scoring = "scoring";

    /// <summary>For everybody.</summary>
    public const string Common = "common";

    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", "/health", Permission.Anyone, Common, OverviewPages.HealthAsync),
        new("GET", "/assets/{name}", Permission.Anyone, Common, AssetFiles.GetAsync),
        new("GET", "/sign-in", Permission.Anyone, Common, SignInPages.ShowAsync) { IsPage = true },
        new("POST", "/sign-in", Permission.Anyone, Common, SignInPages.SignInAsync) { IsPage = true, IsAttempt = true },
        new("GET", OidcPages.Begins, Permission.Anyone, Common, OidcPages.BeginAsync) { IsPage = true, IsAttempt = true },
        new("GET", OidcPages.Callback, Permission.Anyone, Common, OidcPages.EndAsync) { IsPage = true, IsAttempt = true },
        new("POST", "/sign-out", Permission.Anyone, Common, SignInPages.SignOutAsync) { IsPage = true },
        new("GET", "/invitations/{secret}", Permission.Anyone, Common, SignInPages.InvitedAsync) { IsPage = true, IsAttempt = true },
        new("POST", "/invitations/{secret}", Permission.Anyone, Common, SignInPages.JoinAsync) { IsPage = true, IsAttempt = true },

        new("GET", "/label", Permission.Label, Labeling, LabelingPages.ShowAsync) { IsPage = true },
        new("POST", "/api/labeling/assignments", Permission.Label, Labeling, LabelingApi.AssignAsync),
        new("POST", "/api/labeling/answers", Permission.Label, Labeling, LabelingApi.AnswerAsync),
        new("POST", "/api/labeling/undo", Permission.Label, Labeling, LabelingApi.UndoAsync),
        new("POST", "/api/labeling/skips", Permission.Label, Labeling, LabelingApi.SkipAsync),
        new("POST", "/api/labeling/flags", Permission.Label, Labeling, LabelingApi.FlagAsync),
        new("POST", "/api/labeling/acknowledgements", Permission.Label, Labeling, LabelingApi.AcknowledgeAsync),
        new("GET", "/api/labeling/examples", Permission.Label, Labeling, QualifyingApi.GetAsync),
        new("POST", "/api/labeling/qualifications", Permission.Label, Labeling, QualifyingApi.PostAsync),
        new("GET", "/api/labeling/progress", Permission.Label, Labeling, LabelingApi.ProgressAsync),

        // Who may say something proves it by a secret of its own, which is checked there.
        new("POST", "/hooks/argilla", Permission.Anyone, Common, HookPages.ArgillaAsync),
        new("POST", "/hooks/label-studio", Permission.Anyone, Common, HookPages.LabelStudioAsync),

        new("GET", "/disputed", Permission.Operate, Labeling, DisputedPages.ShowAsync) { IsPage = true },
        new("POST", "/disputed", Permission.Operate, Labeling, DisputedPages.DecideAsync) { IsPage = true },
        new("GET", "/api/labeling/disputed", Permission.Operate, Labeling, DisputedPages.GetAsync),
        new("POST", "/api/labeling/decisions", Permission.Operate, Labeling, DisputedPages.PostAsync),

        new("GET", "/promotions", Permission.View, Promotions, PromotionPages.ListAsync) { IsPage = true },
        new("GET", "/promotions/{id}", Permission.View, Promotions, PromotionPages.ShowAsync) { IsPage = true },
        new("POST", "/promotions/{id}/approvals", Permission.Approve, Promotions, PromotionPages.ApproveAsync) { IsPage = true },
        new("GET", "/decisions/{sha}", Permission.View, Promotions, DecisionPages.ShowAsync) { IsPage = true },
        new("POST", "/api/promotions", Permission.Operate, Promotions, PromotionApi.AskAsync),
        new("GET", "/api/promotions", Permission.View, Promotions, PromotionApi.ListAsync),
        new("GET", "/api/promotions/{id}", Permission.View, Promotions, PromotionApi.GetAsync),
        new("POST", "/api/promotions/{id}/approvals", Permission.Approve, Promotions, PromotionApi.ApproveAsync),

        new("GET", "/", Permission.View, Overview, OverviewPages.ShowAsync) { IsPage = true },
        new("GET", "/api/overview", Permission.View, Overview, OverviewPages.GetAsync),

        new("GET", RoundPages.All, Permission.View, Overview, RoundPages.ListAsync) { IsPage = true },
        new("GET", RoundPages.All + "/{id}", Permission.View, Overview, RoundPages.ShowAsync) { IsPage = true },
        new("GET", RoundPages.All + "/{id}/now", Permission.View, Overview, RoundPages.NowAsync),
        new("GET", RoundPages.All + "/{id}/figures/{file}", Permission.View, Overview, RoundPages.FigureAsync),
        new("GET", RoundPages.All + "/{id}/report", Permission.View, Overview, RoundPages.ReportAsync) { IsPage = true },
        new("GET", RoundPages.Campaigns + "/{id}", Permission.View, Overview, RoundPages.CampaignAsync) { IsPage = true },
        .. ArtifactPages.Routes,
        .. StudioRoutes.All,
        .. DefinitionRoutes.All,
        .. DescriptorRoutes.All,
        .. InstanceRoutes.All,
        .. LiveRoutes.All,
    ];

    /// <summary>True for the address of a page here that asks who somebody is: what one may be led on to.</summary>
    public static bool IsPage(string path) => All.Any(r => r is { IsPage: true, Method: "GET" } && r.Needs != Permission.Anyone && r.Leads(path));

    /// <param name="inElsa">True where Studio shows the workflows of an Elsa server.</param>
    public static void Map(IEndpointRouteBuilder endpoints, bool inElsa)
    {
        foreach (var route in All) endpoints.MapMethods(route.Pattern, [route.Method], inElsa ? route.InElsa ?? route.Handle : route.Handle).WithMetadata(route);
    }
}
