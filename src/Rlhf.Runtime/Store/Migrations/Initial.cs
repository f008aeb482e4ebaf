using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>The first schema.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20260101000000_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Definitions", table => new
        {
            DefinitionId = table.Column<string>("TEXT"),
            Version = table.Column<int>("INTEGER"),
            Hash = table.Column<string>("TEXT"),
            Name = table.Column<string>("TEXT"),
            Json = table.Column<string>("TEXT"),
            Source = table.Column<string>("TEXT"),
            CreatedAt = table.Column<long>("INTEGER"),
        }, constraints: table => table.PrimaryKey("PK_Definitions", d => new { d.DefinitionId, d.Version }));

        migrationBuilder.CreateTable("Instances", table => new
        {
            Id = table.Column<string>("TEXT"),
            DefinitionId = table.Column<string>("TEXT"),
            DefinitionVersion = table.Column<int>("INTEGER"),
            Status = table.Column<string>("TEXT"),
            State = table.Column<string>("TEXT"),
            Revision = table.Column<int>("INTEGER"),
            Inputs = table.Column<string>("TEXT"),
            Incident = table.Column<string>("TEXT", nullable: true),
            CreatedAt = table.Column<long>("INTEGER"),
            UpdatedAt = table.Column<long>("INTEGER"),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Instances", i => i.Id);
            table.ForeignKey("FK_Instances_Definitions_DefinitionId_DefinitionVersion", i => new { i.DefinitionId, i.DefinitionVersion },
                "Definitions", ["DefinitionId", "Version"], onDelete: ReferentialAction.Restrict);
        });

        migrationBuilder.CreateTable("Events", table => new
        {
            InstanceId = table.Column<string>("TEXT"),
            Number = table.Column<int>("INTEGER"),
            Json = table.Column<string>("TEXT"),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Events", e => new { e.InstanceId, e.Number });
            table.ForeignKey("FK_Events_Instances_InstanceId", e => e.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateTable("Log", table => new
        {
            InstanceId = table.Column<string>("TEXT"),
            Sequence = table.Column<int>("INTEGER"),
            Execution = table.Column<string>("TEXT"),
            Activity = table.Column<string>("TEXT"),
            NodePath = table.Column<string>("TEXT"),
            Event = table.Column<string>("TEXT"),
            At = table.Column<long>("INTEGER"),
            Inputs = table.Column<string>("TEXT", nullable: true),
            Outputs = table.Column<string>("TEXT", nullable: true),
            Outcomes = table.Column<string>("TEXT", nullable: true),
            Message = table.Column<string>("TEXT", nullable: true),
            Seconds = table.Column<double>("REAL", nullable: true),
            Cached = table.Column<bool>("INTEGER"),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Log", l => new { l.InstanceId, l.Sequence });
            table.ForeignKey("FK_Log_Instances_InstanceId", l => l.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateTable("Waiting", table => new
        {
            InstanceId = table.Column<string>("TEXT"),
            Execution = table.Column<string>("TEXT"),
            State = table.Column<string>("TEXT", nullable: true),
            Deadline = table.Column<long>("INTEGER"),
            Reason = table.Column<string>("TEXT"),
            Events = table.Column<string>("TEXT"),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_Waiting", w => new { w.InstanceId, w.Execution });
            table.ForeignKey("FK_Waiting_Instances_InstanceId", w => w.InstanceId, "Instances", "Id", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateIndex("IX_Instances_DefinitionId_DefinitionVersion", "Instances", ["DefinitionId", "DefinitionVersion"]);
        migrationBuilder.CreateIndex("IX_Instances_Status_DefinitionId", "Instances", ["Status", "DefinitionId"]);
        migrationBuilder.CreateIndex("IX_Waiting_Deadline", "Waiting", "Deadline");
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        foreach (var table in new[] { "Waiting", "Log", "Events", "Instances", "Definitions" }) migrationBuilder.DropTable(table);
    }
}
