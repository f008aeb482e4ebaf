using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Sees every boundary of a run. Implementers must be quick. An <see cref="EngineStopException"/> that they throw stops the engine where it is, as a
/// crash would, and everything stays as the last stored transition left it.
/// </summary>
public interface IDriverObserver
{
    /// <summary>A step is about to run.</summary>
    void Dispatching(string instance, string execution) { }

    /// <summary>A step has answered; the answer is about to be stored.</summary>
    void Answering(string instance, string execution) { }

    /// <summary>A transition is about to be stored.</summary>
    void Saving(string instance, Transition transition) { }

    /// <summary>A transition was stored; its log says what happened.</summary>
    void Saved(string instance, Transition transition) { }

    /// <summary>The workflow writes a line.</summary>
    void Line(string instance, string text) { }

    /// <summary>Something is wrong that the engine goes on with: an instance it cannot read, a database it cannot reach.</summary>
    void Trouble(string message) { }
}
