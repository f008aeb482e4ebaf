using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Labeling;

namespace Rlhf.Runtime.Store;

internal sealed class RuntimeDbContext(DbContextOptions<RuntimeDbContext> options) : DbContext(options)
{
    public DbSet<DefinitionRow> Definitions => Set<DefinitionRow>();
    public DbSet<InstanceRow> Instances => Set<InstanceRow>();
    public DbSet<EventRow> Events => Set<EventRow>();
    public DbSet<LogRow> Log => Set<LogRow>();
    public DbSet<WaitRow> Waits => Set<WaitRow>();
    public DbSet<WaitEventRow> WaitEvents => Set<WaitEventRow>();
    public DbSet<JobRow> Jobs => Set<JobRow>();
    public DbSet<MessageRow> Messages => Set<MessageRow>();
    public DbSet<ScheduleRow> Schedules => Set<ScheduleRow>();
    public DbSet<FiringRow> Firings => Set<FiringRow>();
    public DbSet<StoreRow> Store => Set<StoreRow>();
    public DbSet<SchedulesLeftRow> SchedulesLeft => Set<SchedulesLeftRow>();
    public DbSet<LabelingRequestRow> LabelingRequests => Set<LabelingRequestRow>();
    public DbSet<LabelingQuestionRow> LabelingQuestions => Set<LabelingQuestionRow>();
    public DbSet<LabelingJudgementRow> LabelingJudgements => Set<LabelingJudgementRow>();
    public DbSet<LabelingAssignmentRow> LabelingAssignments => Set<LabelingAssignmentRow>();
    public DbSet<LabelingRemarkRow> LabelingRemarks => Set<LabelingRemarkRow>();
    public DbSet<LabelingGuidelinesRow> LabelingGuidelines => Set<LabelingGuidelinesRow>();
    public DbSet<LabelingAcknowledgementRow> LabelingAcknowledgements => Set<LabelingAcknowledgementRow>();
    public DbSet<LabelingQualificationRow> LabelingQualifications => Set<LabelingQualificationRow>();
    public DbSet<CredentialRow> Credentials => Set<CredentialRow>();
    public DbSet<SubjectRow> Subjects => Set<SubjectRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // Ticks of UTC: SQLite has no type for times that it could compare.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
        configurationBuilder.Properties<JobStatus>().HaveConversion<string>();
        configurationBuilder.Properties<MessageKind>().HaveConversion<string>();
        configurationBuilder.Properties<VersionState>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<DefinitionRow>().ToTable("Definitions").HasKey(d => new { d.DefinitionId, d.Version });
        modelBuilder.Entity<InstanceRow>(instance =>
        {
            instance.ToTable("Instances").HasKey(i => i.Id);
            instance.HasIndex(i => new { i.Status, i.DefinitionId });
            instance.HasIndex(i => new { i.CreatedAt, i.Id });
            instance.HasIndex(i => new { i.UpdatedAt, i.Id });
            instance.HasIndex(i => new { i.DefinitionId, i.CreatedAt });
            instance.HasIndex(i => i.CorrelationId);
            instance.HasIndex(i => i.Parent);
            instance.HasIndex(i => i.SingletonKey).IsUnique();
            instance.HasIndex(i => i.Root);
            instance.HasOne<DefinitionRow>().WithMany().HasForeignKey(i => new { i.DefinitionId, i.DefinitionVersion })
                .OnDelete(DeleteBehavior.Restrict);
        });
        OfInstance<EventRow>(modelBuilder, "Events").HasKey(e => new { e.InstanceId, e.Number });
        OfInstance<LogRow>(modelBuilder, "Log").HasKey(l => new { l.InstanceId, l.Sequence });
        var waits = OfInstance<WaitRow>(modelBuilder, "Waits");
        waits.HasKey(w => new { w.InstanceId, w.Execution });
        waits.HasIndex(w => w.Due);
        var names = OfInstance<WaitEventRow>(modelBuilder, "WaitEvents");
        names.HasKey(w => new { w.InstanceId, w.Execution, w.Name });
        names.HasIndex(w => w.Name);
        var jobs = OfInstance<JobRow>(modelBuilder, "Jobs");
        jobs.HasKey(j => new { j.InstanceId, j.Execution });
        jobs.HasIndex(j => j.Status);
        modelBuilder.Entity<StoreRow>().ToTable("Store").HasKey(s => s.Id);
        modelBuilder.Entity<MessageRow>().ToTable("Messages").HasKey(m => m.Id);
        modelBuilder.Entity<ScheduleRow>().ToTable("Schedules").HasKey(s => new { s.DefinitionId, s.ActivityId });
        modelBuilder.Entity<SchedulesLeftRow>().ToTable("SchedulesLeft").HasKey(s => s.To);
        modelBuilder.Entity<FiringRow>().ToTable("Firings").HasKey(f => new { f.DefinitionId, f.ActivityId, f.Due });
        OnDeskCreating(modelBuilder);
    }

    static void OnDeskCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<LabelingRequestRow>(request =>
        {
            request.ToTable("LabelingRequests").HasKey(r => r.Id);
            request.HasIndex(r => r.ClosedAt);
        });
        modelBuilder.Entity<LabelingQuestionRow>(question =>
        {
            question.ToTable("LabelingQuestions").HasKey(q => q.Item);
            question.HasIndex(q => new { q.RequestId, q.Position }).IsUnique();
            question.HasIndex(q => new { q.RequestId, q.Position, q.Missing, q.ForAdjudicator, q.Axis, q.Item }, "IX_LabelingQuestions_Open").HasFilter("\"Missing\" > 0");
            question.HasIndex(q => new { q.Axis, q.Item }, "IX_LabelingQuestions_Gold").HasFilter("\"Gold\" IS NOT NULL");
            question.HasOne<LabelingRequestRow>().WithMany().HasForeignKey(q => q.RequestId);
        });
        modelBuilder.Entity<LabelingJudgementRow>(judgement =>
        {
            judgement.ToTable("LabelingJudgements").HasKey(j => j.Number);
            judgement.HasIndex(j => j.Key).IsUnique();
            judgement.HasIndex(j => new { j.Item, j.Place }).IsUnique();
            judgement.HasIndex(j => new { j.Labeler, j.Number });
            judgement.HasIndex(j => new { j.Item, j.Labeler });
            judgement.HasOne<LabelingQuestionRow>().WithMany().HasForeignKey(j => j.Item);
        });
        modelBuilder.Entity<LabelingAssignmentRow>(assignment =>
        {
            assignment.ToTable("LabelingAssignments").HasKey(a => new { a.Item, a.Labeler });
            assignment.HasIndex(a => new { a.Labeler, a.LeasedUntil });
            assignment.HasOne<LabelingQuestionRow>().WithMany().HasForeignKey(a => a.Item);
        });
        modelBuilder.Entity<LabelingRemarkRow>(remark =>
        {
            remark.ToTable("LabelingRemarks").HasKey(r => r.Key);
            remark.HasOne<LabelingQuestionRow>().WithMany().HasForeignKey(r => r.Item);
        });
        modelBuilder.Entity<LabelingGuidelinesRow>().ToTable("LabelingGuidelines").HasKey(g => new { g.Axis, g.Version });
        modelBuilder.Entity<LabelingAcknowledgementRow>().ToTable("LabelingAcknowledgements").HasKey(a => new { a.Labeler, a.Axis, a.Version });
        modelBuilder.Entity<LabelingQualificationRow>().ToTable("LabelingQualifications").HasKey(q => new { q.Labeler, q.Axis, q.Version, q.Try });
        modelBuilder.Entity<CredentialRow>(credential =>
        {
            credential.ToTable("Credentials").HasKey(c => c.Number);
            credential.HasIndex(c => c.Hash).IsUnique();
        });
        modelBuilder.Entity<SubjectRow>(subject =>
        {
            subject.ToTable("Subjects").HasKey(s => new { s.Issuer, s.Subject });
            subject.HasIndex(s => s.NameKey).IsUnique();
        });
    }

    static Microsoft.EntityFrameworkCore.Metadata.Builders.EntityTypeBuilder<T> OfInstance<T>(ModelBuilder modelBuilder, string table) where T : class
    {
        var entity = modelBuilder.Entity<T>();
        entity.ToTable(table).HasOne<InstanceRow>().WithMany().HasForeignKey("InstanceId");
        return entity;
    }

    sealed class UtcTicks()
        : ValueConverter<DateTimeOffset, long>(time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
