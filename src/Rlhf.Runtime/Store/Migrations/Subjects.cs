using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Who comes in by an issuer, and under which name.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261129000000_Subjects")]
internal sealed class Subjects : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Subjects", table => new
        {
            Issuer = table.Column<string>(),
            Subject = table.Column<string>(),
            Name = table.Column<string>(),
            NameKey = table.Column<string>(),
            CreatedAt = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_Subjects", s => new { s.Issuer, s.Subject }));
        migrationBuilder.CreateIndex("IX_Subjects_NameKey", "Subjects", "NameKey", unique: true);
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
