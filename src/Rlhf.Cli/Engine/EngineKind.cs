namespace Rlhf.Cli.Engine;

/// <summary>Which engine runs a workflow: the embedded runtime, or an Elsa server.</summary>
enum EngineKind { Embedded, Elsa }
