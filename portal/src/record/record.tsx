/* The public's room: who the partner agencies are, what they did, and that nobody rewrote it. */
export function PublicRecord() {
  return (
    <div class="panel">
      <h1>The public record</h1>
    </div>
  );
}
