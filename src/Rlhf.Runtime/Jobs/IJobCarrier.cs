using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Jobs;

/// <summary>Takes jobs to workers. It may lose one or bring it twice: the store decides who runs it.</summary>
internal interface IJobCarrier
{
    void Carry(string queue, JobKey job);
}
