using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Tests;

/// <summary>States and events as they lie in a store, of this version and of the one before.</summary>
public class StoredFormTests
{
    // As the first version wrote it: one flowchart, a step that waits, another that runs.
    const string Format1 = """
        {"events":2,"format":1,"incidents":[],"inputs":{"seed":7},"instance":"old","logged":5,"open":[
        {"activity":"flow","byBackward":false,"failedAttempts":0,"faulted":false,"flow":{"activities":{"start":1},"connections":{"start:Done->a":{"count":1,"followed":true},"start:Done->b":{"count":1,"followed":true}},"start":"start"},"id":"flow"},
        {"activity":"a","byBackward":false,"failedAttempts":0,"faulted":false,"id":"a","inputs":{"text":"x"},"parent":"flow","stepState":{"asked":3},"waitsFor":"judgements","wakeAt":"2025-03-01T13:00:00+00:00","wakeEvents":["judged"]},
        {"activity":"b","byBackward":false,"failedAttempts":0,"faulted":false,"id":"b","inputs":{"text":"x"},"parent":"flow"}],
        "outputs":{},"runs":{"a":1,"b":1,"start":1},"status":"running","variables":{}}
        """;

    static readonly FakeStep Work = new("Work");

    [Fact]
    public void A_state_of_the_first_format_goes_on_under_this_one()
    {
        var definition = Some.Read(new FlowBuilder().Line("start").Step("a").Step("b").Line("meet").Connect("start", "a").Connect("start", "b").Connect("a", "meet").Connect("b", "meet"), Work);

        var old = WorkflowState.Parse(Format1, "old");
        var waiting = WorkflowInterpreter.Apply(definition, old, new StepCompleted(Some.Time, "b", [], "Done"));
        var woken = WorkflowInterpreter.Apply(definition, waiting.State, new EventReceived(Some.Time, "judged", null));
        var end = WorkflowInterpreter.Apply(definition, woken.State, new StepCompleted(Some.Time, "a", [], "Done"));

        Assert.Equal((WorkflowState.CurrentFormat, WorkflowStatus.Suspended), (old.Format, waiting.State.Status));
        Assert.Equal("a", woken.Commands.OfType<WorkflowCommand.RunStep>().Single().Execution);
        Assert.Equal(["a", "meet", "flow", "Workflow1"], end.Log.Where(l => l.Event == LogEvent.Completed).Select(l => l.Execution));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Theory]
    [InlineData("""{"$type":"started","at":"2025-03-01T12:00:00+00:00","inputs":{},"instance":"old","stoppedScripts":[]}""", typeof(Started))]
    [InlineData("""{"$type":"stepResumed","at":"2025-03-01T12:00:00+00:00","execution":"a","stoppedScripts":[]}""", typeof(StepResumed))]
    [InlineData("""{"$type":"retried","at":"2025-03-01T12:00:00+00:00","stoppedScripts":[]}""", typeof(Retried))]
    public void An_event_of_the_first_version_is_read(string json, Type expected)
    {
        Assert.IsType(expected, WorkflowEvent.Parse(json, "event"));
    }

    [Fact]
    public void A_state_of_a_newer_format_is_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() => WorkflowState.Parse(Format1.Replace("\"format\":1", "\"format\":3"), "The state of instance old"));

        Assert.Equal("The state of instance old is of format 3; expected at most 2.", error.Message);
    }

    [Fact]
    public void What_a_script_made_keeps_its_order_and_its_nulls_in_the_stored_form()
    {
        var definition = Some.Read(new FlowBuilder().Variable("o", "Object").Set("set", "o", "({ z: null, a: [1.5, null], A: 2 })").Event("wait", "go").Chain("set", "wait"));
        var state = Some.Play(definition, Some.Started()).State;
        var @event = new EventReceived(Some.Time, "go", new JsonObject { ["b"] = null, ["a"] = 1 });

        var back = WorkflowState.Parse(state.ToText(), "state");
        var same = (EventReceived)WorkflowEvent.Parse(@event.ToText(), "event");

        Assert.Equal("""{"z":null,"a":[1.5,null],"A":2}""", back.Variables["o"]!.ToJsonString());
        Assert.Equal(state.ToText(), back.ToText());
        Assert.Equal("""{"b":null,"a":1}""", same.Payload!.ToJsonString());
    }

    [Fact]
    public void A_state_that_was_stored_as_canonical_json_is_read_too()
    {
        var state = Some.Play(Some.Read(new FlowBuilder().Step("work"), Work), Some.Started()).State;

        Assert.Equal(state.ToText(), WorkflowState.Parse(Encoding.UTF8.GetString(CanonicalJson.Serialize(state)), "state").ToText());
    }
}
