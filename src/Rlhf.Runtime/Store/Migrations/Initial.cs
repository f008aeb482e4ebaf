using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>
/// The first schema. Migrations name no column types, so that each database takes its own for the CLR type.
/// </summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20260101000000_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Definitions", table => new
        {
            DefinitionId = table.Column<string>(),
            Version = table.Column<int>(),
            Hash = table.Column<string>(),
            Name = table.Column<string>(),
            Json = table.Column<string>(),
            Source = table.Column<string>(),
            CreatedAt = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_Definitions", d => new { d.DefinitionId, d.Version }));

        migrationBuilder.CreateTable("Instances", table => new
        {
            Id = table.Column<string>(),
            DefinitionId = table.Column<string>(),
            DefinitionVersion = table.Column<int>(),
            Status = table.Column<string>(),
            State = table.Column<string>(),
            Revision = table.Column<int>(),
            Inputs = table.Column<string>(),
            Incident = table.Column<string>(nullable: true),
            CreatedAt = table.Column<long>(),
            UpdatedAt = table.Column<long>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Instances", i => i.Id);
            table.ForeignKey("FK_Instances_Definitions_DefinitionId_DefinitionVersion", i => new { i.DefinitionId, i.DefinitionVersion },
                "Definitions", ["DefinitionId", "Version"], onDelete: ReferentialAction.Restrict);
        });

        migrationBuilder.CreateTable("Events", table => new
        {
            InstanceId = table.Column<string>(),
            Number = table.Column<int>(),
            Json = table.Column<string>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Events", e => new { e.InstanceId, e.Number });
            table.ForeignKey("FK_Events_Instances_InstanceId", e => e.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateTable("Log", table => new
        {
            InstanceId = table.Column<string>(),
            Sequence = table.Column<int>(),
            Execution = table.Column<string>(),
            Activity = table.Column<string>(),
            NodePath = table.Column<string>(),
            Event = table.Column<string>(),
            At = table.Column<long>(),
            Inputs = table.Column<string>(nullable: true),
            Outputs = table.Column<string>(nullable: true),
            Outcomes = table.Column<string>(nullable: true),
            Message = table.Column<string>(nullable: true),
            Seconds = table.Column<double>(nullable: true),
            Cached = table.Column<bool>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Log", l => new { l.InstanceId, l.Sequence });
            table.ForeignKey("FK_Log_Instances_InstanceId", l => l.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateTable("Waiting", table => new
        {
            InstanceId = table.Column<string>(),
            Execution = table.Column<string>(),
            State = table.Column<string>(nullable: true),
            Deadline = table.Column<long>(),
            Reason = table.Column<string>(),
            Events = table.Column<string>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Waiting", w => new { w.InstanceId, w.Execution });
            table.ForeignKey("FK_Waiting_Instances_InstanceId", w => w.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateIndex("IX_Instances_DefinitionId_DefinitionVersion", "Instances", ["DefinitionId", "DefinitionVersion"]);
        migrationBuilder.CreateIndex("IX_Instances_Status_DefinitionId", "Instances", ["Status", "DefinitionId"]);
        migrationBuilder.CreateIndex("IX_Waiting_Deadline", "Waiting", "Deadline");
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
