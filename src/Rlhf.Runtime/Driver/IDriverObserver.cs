using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Sees every boundary of a run. Implementers must be quick; an exception they throw ends the run where it is, as a crash would, and the
/// instance stays as its last stored transition left it.
/// </summary>
public interface IDriverObserver
{
    /// <summary>A step is about to run.</summary>
    void Dispatching(string instance, WorkflowCommand.RunStep step) { }

    /// <summary>A transition is about to be stored.</summary>
    void Saving(string instance, Transition transition) { }

    /// <summary>A transition was stored; its log says what happened.</summary>
    void Saved(string instance, Transition transition) { }

    /// <summary>The workflow writes a line.</summary>
    void Line(string instance, string text) { }
}
