namespace Rlhf.Runtime.Driver;

/// <summary>Thrown by an <see cref="IDriverObserver"/>, it stops the engine where it is, as if its process had been killed.</summary>
public class EngineStopException(string message) : Exception(message);
