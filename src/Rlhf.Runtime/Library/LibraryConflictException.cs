namespace Rlhf.Runtime.Library;

/// <summary>What was asked does not fit with what someone else did meanwhile, or with what still runs; nothing was changed.</summary>
public sealed class LibraryConflictException(string message) : InvalidOperationException(message);
