using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Who may come in, who holds which question, and what labelers say besides their answers.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261127000000_LabelingByPage")]
internal sealed class LabelingByPage : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("Comment", "LabelingJudgements", nullable: true);
        migrationBuilder.AddColumn<long>("UndoneAt", "LabelingJudgements", nullable: true);
        migrationBuilder.CreateIndex("IX_LabelingJudgements_Labeler_Number", "LabelingJudgements", ["Labeler", "Number"]);

        migrationBuilder.CreateTable("LabelingAssignments", table => new
        {
            Item = table.Column<string>(),
            Labeler = table.Column<string>(),
            ShownFirst = table.Column<string>(),
            AssignedAt = table.Column<long>(),
            LeasedUntil = table.Column<long>(),
            Skipped = table.Column<bool>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_LabelingAssignments", a => new { a.Item, a.Labeler });
            table.ForeignKey("FK_LabelingAssignments_LabelingQuestions_Item", a => a.Item, "LabelingQuestions", "Item", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateTable("LabelingRemarks", table => new
        {
            Key = table.Column<string>(),
            Item = table.Column<string>(),
            Labeler = table.Column<string>(),
            Kind = table.Column<string>(),
            Section = table.Column<string>(nullable: true),
            Text = table.Column<string>(),
            Guidelines = table.Column<string>(nullable: true),
            ReceivedAt = table.Column<long>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_LabelingRemarks", r => r.Key);
            table.ForeignKey("FK_LabelingRemarks_LabelingQuestions_Item", r => r.Item, "LabelingQuestions", "Item", onDelete: ReferentialAction.Cascade);
        });

        migrationBuilder.CreateIndex("IX_LabelingRemarks_Item", "LabelingRemarks", "Item");

        migrationBuilder.CreateTable("LabelingGuidelines", table => new
        {
            Axis = table.Column<string>(),
            Version = table.Column<string>(),
            Content = table.Column<string>(),
            FirstUsedAt = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_LabelingGuidelines", g => new { g.Axis, g.Version }));

        migrationBuilder.CreateTable("LabelingAcknowledgements", table => new
        {
            Labeler = table.Column<string>(),
            Axis = table.Column<string>(),
            Version = table.Column<string>(),
            AcknowledgedAt = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_LabelingAcknowledgements", a => new { a.Labeler, a.Axis, a.Version }));

        migrationBuilder.CreateTable("Credentials", table => new
        {
            Number = table.Column<long>()
                .Annotation("Sqlite:Autoincrement", true)
                .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
            Kind = table.Column<string>(),
            Hash = table.Column<string>(),
            Name = table.Column<string>(),
            Role = table.Column<string>(),
            Scope = table.Column<string>(nullable: true),
            CreatedAt = table.Column<long>(),
            ExpiresAt = table.Column<long>(nullable: true),
            LastUsedAt = table.Column<long>(nullable: true),
            RevokedAt = table.Column<long>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_Credentials", c => c.Number));
        migrationBuilder.CreateIndex("IX_Credentials_Hash", "Credentials", "Hash", unique: true);
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
