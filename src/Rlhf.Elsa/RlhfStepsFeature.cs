using Elsa.Extensions;
using Elsa.Features.Abstractions;
using Elsa.Features.Attributes;
using Elsa.Features.Services;
using Elsa.Workflows.Management.Features;
using Elsa.Workflows.Runtime.Features;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Elsa.Activities;
using Rlhf.Elsa.Jobs;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa;

/// <summary>The steps as activities of an Elsa host. The host says where jobs are left; <c>rlhf worker --engine elsa</c> runs them.</summary>
[DependsOn(typeof(WorkflowManagementFeature))]
[DependsOn(typeof(WorkflowRuntimeFeature))]
public sealed class RlhfStepsFeature(IModule module) : FeatureBase(module)
{
    /// <summary>The steps that are activities here; default all.</summary>
    public IReadOnlyList<StepDescription> Steps { get; set; } = StepContracts.All;

    /// <summary>Where jobs are left. Required, by this or <see cref="UseStore"/>.</summary>
    public Func<IServiceProvider, IStepJobs>? Jobs { get; set; }

    /// <summary>How often answers are looked for, and how soon one that nobody waited for is sent again. Default 0.5 s.</summary>
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Leaves jobs in the store of the artifacts, where workers find them.</summary>
    public RlhfStepsFeature UseStore(IObjectStore objects)
    {
        Jobs = _ => new StoredStepJobs(objects);
        return this;
    }

    public override void Apply()
    {
        var jobs = Jobs ?? throw new InvalidOperationException("AddRlhfSteps was not told where jobs are left; expected steps.UseStore(…) or steps.Jobs.");
        Services.AddSingleton(new StepCatalog(Steps));
        Services.AddSingleton(jobs);
        Services.AddActivityProvider<StepActivityProvider>();
        Services.AddSingleton(sp => ActivatorUtilities.CreateInstance<AnswerDelivery>(sp, Poll));
        Services.AddHostedService(sp => sp.GetRequiredService<AnswerDelivery>());
    }
}

public static class RlhfStepsExtensions
{
    /// <summary><c>services.AddElsa(elsa => elsa.AddRlhfSteps(steps => steps.UseStore(…)))</c></summary>
    public static IModule AddRlhfSteps(this IModule elsa, Action<RlhfStepsFeature> configure)
    {
        elsa.Configure(configure);
        return elsa;
    }
}
