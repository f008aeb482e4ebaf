using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Rlhf.Runtime.Store;

internal sealed class RuntimeDbContext(DbContextOptions<RuntimeDbContext> options) : DbContext(options)
{
    public DbSet<DefinitionRow> Definitions => Set<DefinitionRow>();
    public DbSet<InstanceRow> Instances => Set<InstanceRow>();
    public DbSet<EventRow> Events => Set<EventRow>();
    public DbSet<LogRow> Log => Set<LogRow>();
    public DbSet<WaitingRow> Waiting => Set<WaitingRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        // Ticks of UTC: SQLite has no type for times that it could compare.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<DefinitionRow>().ToTable("Definitions").HasKey(d => new { d.DefinitionId, d.Version });
        modelBuilder.Entity<InstanceRow>(instance =>
        {
            instance.ToTable("Instances").HasKey(i => i.Id);
            instance.HasIndex(i => new { i.Status, i.DefinitionId });
            instance.HasOne<DefinitionRow>().WithMany().HasForeignKey(i => new { i.DefinitionId, i.DefinitionVersion })
                .OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<EventRow>(row =>
        {
            row.ToTable("Events").HasKey(e => new { e.InstanceId, e.Number });
            row.HasOne<InstanceRow>().WithMany().HasForeignKey(e => e.InstanceId);
        });
        modelBuilder.Entity<LogRow>(row =>
        {
            row.ToTable("Log").HasKey(l => new { l.InstanceId, l.Sequence });
            row.HasOne<InstanceRow>().WithMany().HasForeignKey(l => l.InstanceId);
        });
        modelBuilder.Entity<WaitingRow>(row =>
        {
            row.ToTable("Waiting").HasKey(w => new { w.InstanceId, w.Execution });
            row.HasOne<InstanceRow>().WithMany().HasForeignKey(w => w.InstanceId);
            row.HasIndex(w => w.Deadline);
        });
    }

    sealed class UtcTicks()
        : ValueConverter<DateTimeOffset, long>(time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}

/// <summary>
/// For <c>dotnet ef migrations add</c>, which also needs a reference to Microsoft.EntityFrameworkCore.Design; nothing uses it at run time.
/// </summary>
internal sealed class RuntimeDbContextFactory : IDesignTimeDbContextFactory<RuntimeDbContext>
{
    public RuntimeDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<RuntimeDbContext>().UseSqlite("Data Source=design.db").Options);
}
