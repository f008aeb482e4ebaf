using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Jobs, messages, schedules, parents, drafts; waits by event name. What waited by the earlier schema goes on
/// waiting for its deadline.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261123000000_JobsAndMessages")]
internal sealed class JobsAndMessages : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<bool>("Published", "Definitions", nullable: false, defaultValue: true);
        migrationBuilder.AddColumn<string>("Parent", "Instances", nullable: true);
        migrationBuilder.AddColumn<string>("ParentExecution", "Instances", nullable: true);
        migrationBuilder.AddColumn<string>("Root", "Instances", nullable: true);
        migrationBuilder.AddColumn<int>("Depth", "Instances", nullable: false, defaultValue: 0);
        migrationBuilder.AddColumn<string>("SingletonKey", "Instances", nullable: true);
        migrationBuilder.CreateIndex("IX_Instances_CreatedAt_Id", "Instances", ["CreatedAt", "Id"]);
        migrationBuilder.CreateIndex("IX_Instances_SingletonKey", "Instances", "SingletonKey", unique: true);

        migrationBuilder.CreateIndex("IX_Instances_Root", "Instances", "Root");
        migrationBuilder.CreateTable(
            "Store", table => new { Id = table.Column<string>() }, constraints: table => table.PrimaryKey("PK_Store", s => s.Id));

        migrationBuilder.CreateTable("Waits", table => new
        {
            InstanceId = table.Column<string>(),
            Execution = table.Column<string>(),
            Due = table.Column<long>(nullable: true),
            Reason = table.Column<string>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Waits", w => new { w.InstanceId, w.Execution });
            table.ForeignKey("FK_Waits_Instances_InstanceId", w => w.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });
        migrationBuilder.Sql("""
            INSERT INTO "Waits" ("InstanceId", "Execution", "Due", "Reason")
            SELECT "InstanceId", "Execution", "Deadline", "Reason" FROM "Waiting";
            """);
        migrationBuilder.DropTable("Waiting");
        migrationBuilder.CreateIndex("IX_Waits_Due", "Waits", "Due");

        migrationBuilder.CreateTable("WaitEvents", table => new
        {
            InstanceId = table.Column<string>(),
            Execution = table.Column<string>(),
            Name = table.Column<string>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_WaitEvents", w => new { w.InstanceId, w.Execution, w.Name });
            table.ForeignKey("FK_WaitEvents_Instances_InstanceId", w => w.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });
        migrationBuilder.CreateIndex("IX_WaitEvents_Name", "WaitEvents", "Name");

        CreateJobs(migrationBuilder);
        migrationBuilder.CreateTable("Messages", table => new
        {
            Id = table.Column<long>()
                .Annotation("Sqlite:Autoincrement", true)
                .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
            Kind = table.Column<string>(),
            InstanceId = table.Column<string>(nullable: true),
            Json = table.Column<string>(),
            At = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_Messages", m => m.Id));
        CreateSchedules(migrationBuilder);
    }

    static void CreateJobs(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Jobs", table => new
        {
            InstanceId = table.Column<string>(),
            Execution = table.Column<string>(),
            Activity = table.Column<string>(),
            Step = table.Column<string>(),
            StepVersion = table.Column<int>(),
            Queue = table.Column<string>(),
            Inputs = table.Column<string>(),
            StepState = table.Column<string>(nullable: true),
            Epoch = table.Column<int>(),
            Status = table.Column<string>(),
            Owner = table.Column<string>(nullable: true),
            Beat = table.Column<int>(),
            Lost = table.Column<int>(),
            Fraction = table.Column<double>(),
            Message = table.Column<string>(nullable: true),
            Metrics = table.Column<string>(nullable: true),
            Answer = table.Column<string>(nullable: true),
            QueuedAt = table.Column<long>(),
            StartedAt = table.Column<long>(nullable: true),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Jobs", j => new { j.InstanceId, j.Execution });
            table.ForeignKey("FK_Jobs_Instances_InstanceId", j => j.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });
        migrationBuilder.CreateIndex("IX_Jobs_Status", "Jobs", "Status");
    }

    static void CreateSchedules(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Schedules", table => new
        {
            DefinitionId = table.Column<string>(),
            ActivityId = table.Column<string>(),
            Kind = table.Column<string>(),
            Expression = table.Column<string>(),
            Zone = table.Column<string>(),
            Missed = table.Column<string>(),
            SkipUnchanged = table.Column<bool>(),
            Paused = table.Column<bool>(),
            Due = table.Column<long>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_Schedules", s => new { s.DefinitionId, s.ActivityId }));

        migrationBuilder.CreateTable("Firings", table => new
        {
            DefinitionId = table.Column<string>(),
            ActivityId = table.Column<string>(),
            Due = table.Column<long>(),
            At = table.Column<long>(),
            InstanceId = table.Column<string>(nullable: true),
            Skipped = table.Column<string>(nullable: true),
            InputsHash = table.Column<string>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_Firings", f => new { f.DefinitionId, f.ActivityId, f.Due }));
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
