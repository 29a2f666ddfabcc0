/// The report's looks: light and dark by the reader's wish, colours that the colour-blind can tell apart.
enum ReportStyle {
    static let css = """
        :root { color-scheme: light dark;
          --paper: #fbfaf7; --card: #ffffff; --ink: #1c1b19; --soft: #5d5a54; --rule: #dedad2; --accent: #0b5fa5;
          --edge: #e39a12; --network: #6db7e8; --queue: #9a9a9a; --check: #c067a5; --refine: #1f6fb2; --other: #1d9a77;
          --s0: #1f6fb2; --s1: #d0622b; --s2: #1d9a77; --s3: #a04f9a; }
        @media (prefers-color-scheme: dark) { :root {
          --paper: #16171a; --card: #1f2125; --ink: #ecebe7; --soft: #aeaba3; --rule: #3a3c42; --accent: #7cbcf2;
          --edge: #f0b13c; --network: #8fcbf3; --queue: #8a8a8a; --check: #d98ac2; --refine: #4f9bde; --other: #3fc09b;
          --s0: #62aaf0; --s1: #f08c55; --s2: #3fc09b; --s3: #d58fd0; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 6px; letter-spacing: -0.01em; }
        h2 { font-size: 1.3rem; margin: 44px 0 6px; }
        h3 { font-size: 1rem; margin: 22px 0 4px; color: var(--soft); font-weight: 600; }
        p { max-width: 76ch; margin: 6px 0; }
        .lead, figcaption, caption, .legend { color: var(--soft); }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 22px 0; }
        .card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 16px; }
        .card b { display: block; font-size: 1.45rem; line-height: 1.2; font-weight: 650; }
        .card span { color: var(--soft); font-size: 0.9rem; }
        figure { margin: 10px 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
          padding: 12px 14px; }
        figcaption { font-size: 0.9rem; margin-top: 6px; }
        .grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 6px 12px; }
        svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--soft); font: 10.5px system-ui, "DejaVu Sans", sans-serif; }
        svg .title { fill: var(--ink); font-weight: 650; font-size: 12px; }
        svg .axis { font-size: 11px; } svg .note { fill: var(--ink); font-size: 10.5px; }
        svg .grid { stroke: var(--rule); stroke-width: 1; }
        .part { stroke: var(--card); stroke-width: 0.6; }
        .edge { fill: var(--edge); } .network { fill: var(--network); } .queue { fill: var(--queue); }
        .check { fill: var(--check); } .refine { fill: var(--refine); } .other { fill: var(--other); }
        .whisker { stroke: var(--ink); stroke-width: 1.2; }
        .auto { fill: var(--card); stroke: var(--ink); stroke-width: 1.8; }
        .front { fill: none; stroke: var(--soft); stroke-width: 1.3; stroke-dasharray: 5 4; }
        .mark { stroke: var(--card); stroke-width: 1; }
        .series0 { fill: var(--s0); } .series1 { fill: var(--s1); } .series2 { fill: var(--s2); }
        .series3 { fill: var(--s3); }
        .legend { font-size: 0.9rem; display: flex; flex-wrap: wrap; gap: 4px 18px; max-width: none; }
        .legend span { display: inline-flex; align-items: center; gap: 6px; }
        .swatch { width: 13px; height: 13px; border-radius: 3px; display: inline-block; }
        i.edge { background: var(--edge); } i.network { background: var(--network); } i.queue { background: var(--queue); }
        i.check { background: var(--check); } i.refine { background: var(--refine); } i.other { background: var(--other); }
        .diamond { width: 10px; height: 10px; border: 2px solid var(--ink); transform: rotate(45deg);
          display: inline-block; }
        .dash { width: 24px; border-top: 2px dashed var(--soft); display: inline-block; }
        svg.key { width: 14px; height: 14px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 0.9rem; width: 100%; font-variant-numeric: tabular-nums; }
        caption { text-align: left; padding: 4px 0 8px; }
        th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
        th { font-weight: 600; } .left { text-align: left; } thead th { color: var(--soft); }
        .pictures { width: auto; }
        .pictures td, .pictures th { border: 0; padding: 3px; text-align: center; vertical-align: bottom; }
        .pictures th.left { text-align: left; white-space: normal; min-width: 130px; max-width: 190px; font-weight: 400; }
        .pictures img { width: 96px; height: 96px; border-radius: 5px; display: block; margin: 0 auto; }
        .pictures small { color: var(--soft); font-size: 0.75rem; }
        details { margin-top: 12px; } summary { cursor: pointer; color: var(--accent); }
        @media print { body { background: #fff; } figure, .card { break-inside: avoid; } details > * { display: block; } }
        """
}
