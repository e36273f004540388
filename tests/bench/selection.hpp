// What the generated RDataFrame program computes per event: vertex, identification and quantities, in float64.
// Independent of the package's kernels; the geometry constants are defined before this file is included.
#pragma once
#include <algorithm>
#include <cmath>
#include <iostream>
#include <vector>

#include <ROOT/RDataFrame.hxx>
#include <sys/resource.h>

using Floats = ROOT::RVec<float>;
using Three = std::array<double, 3>;
using Flags = std::array<bool, 3>;
using Momenta = std::array<Three, 3>;
using Points = std::array<std::array<double, 2>, 3>;

struct Tracks {
  std::array<int, 3> track = {-1, -1, -1};
};
struct Candidate : Tracks {
  bool found = false;
  Three vertex = {0, 0, 0};
};

double user_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + 1e-6 * usage.ru_utime.tv_usec;
}
double peak_mb() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024.0;
}
template <typename E, typename B>
void print(const char *name, const E &events, const B &bursts, bool first) {
  std::cout << (first ? "" : ", ") << "\"" << name << "\": [";
  for (size_t i = 0; i < events.size(); ++i) std::cout << (i ? ", " : "") << "[" << bursts[i] << ", " << events[i] << "]";
  std::cout << "]";
}

// --- one view of a track: x0 + s (z - z0) with the covariance of (x0, s)

struct Line {
  double x, s, vx, c, vs;
  double variance(double dz) const { return vx + 2 * c * dz + vs * dz * dz; }
};
struct Sums {
  double mean, slope, cross, square, spread;
};
inline Sums sums(const std::array<Line, 3> &l, const Three &w) {
  const double total = w[0] + w[1] + w[2];
  Sums r{0, 0, 0, 0, 0};
  for (int n = 0; n < 3; ++n) r.mean += w[n] * l[n].x, r.slope += w[n] * l[n].s;
  r.mean /= total, r.slope /= total;
  for (int n = 0; n < 3; ++n) {
    const double dx = l[n].x - r.mean, ds = l[n].s - r.slope;
    r.cross += w[n] * dx * ds, r.square += w[n] * ds * ds, r.spread += w[n] * dx * dx;
  }
  return r;
}
inline Three weights(const std::array<Line, 3> &l, double dz) {
  return {1 / l[0].variance(dz), 1 / l[1].variance(dz), 1 / l[2].variance(dz)};
}
inline bool fit(const std::array<Line, 3> &x, const std::array<Line, 3> &y, double largest, Three &vertex) {
  const double low = Z_LOW - Z_BEFORE, high = Z_HIGH - Z_BEFORE;
  Sums a = sums(x, {1, 1, 1}), b = sums(y, {1, 1, 1});
  double dz = a.square + b.square > 0 ? -(a.cross + b.cross) / (a.square + b.square) : 0;
  if (!(low < dz && dz < high)) return false;
  if (a.spread + b.spread + (a.cross + b.cross) * dz > CHI2 * largest * (1 + 1e-6)) return false;
  double chi2 = 0;
  for (int pass = 0; pass < 3; ++pass) {
    a = sums(x, weights(x, dz)), b = sums(y, weights(y, dz));
    dz = -(a.cross + b.cross) / (a.square + b.square);
    chi2 = a.spread + b.spread + (a.cross + b.cross) * dz;
  }
  vertex = {a.mean + a.slope * dz, b.mean + b.slope * dz, Z_BEFORE + dz};
  return chi2 < CHI2 && low < dz && dz < high;
}
inline Line line(const Floats &x, const Floats &s, const Floats &vx, const Floats &c, const Floats &vs, int n) {
  return {x[n], s[n], vx[n], c[n], vs[n]};
}
Candidate vertex(const Floats &x, const Floats &sx, const Floats &vx, const Floats &cx, const Floats &vsx,
                 const Floats &y, const Floats &sy, const Floats &vy, const Floats &cy, const Floats &vsy) {
  const int n = x.size();
  static thread_local std::vector<Line> lx, ly;
  static thread_local std::vector<double> largest;
  lx.clear(), ly.clear(), largest.clear();
  for (int i = 0; i < n; ++i) {
    lx.push_back(line(x, sx, vx, cx, vsx, i)), ly.push_back(line(y, sy, vy, cy, vsy, i));
    const double low = Z_LOW - Z_BEFORE, high = Z_HIGH - Z_BEFORE;
    largest.push_back(std::max({lx[i].variance(low), lx[i].variance(high), ly[i].variance(low), ly[i].variance(high)}));
  }
  Candidate one;
  int good = 0;
  for (int i = 0; i < n; ++i)
    for (int j = i + 1; j < n; ++j)
      for (int k = j + 1; k < n; ++k) {
        Three at;
        const double bound = std::max({largest[i], largest[j], largest[k]});
        if (fit({lx[i], lx[j], lx[k]}, {ly[i], ly[j], ly[k]}, bound, at) && ++good == 1)
          one.track = {i, j, k}, one.vertex = at;
      }
  one.found = good == 1;
  return one;
}
inline double constrained(const Line &l, double coordinate, double dz) {
  return l.s - (l.c + l.vs * dz) / l.variance(dz) * (l.x + l.s * dz - coordinate);
}
Momenta momenta_at_vertex(const Candidate &c, const Tracks &id, const Floats &x, const Floats &sx, const Floats &vx,
                          const Floats &cx, const Floats &vsx, const Floats &y, const Floats &sy, const Floats &vy,
                          const Floats &cy, const Floats &vsy, const Floats &momentum) {
  Momenta p;
  const double dz = c.vertex[2] - Z_BEFORE;
  for (int slot = 0; slot < 3; ++slot) {
    const int n = id.track[slot];
    const double ux = constrained(line(x, sx, vx, cx, vsx, n), c.vertex[0], dz);
    const double uy = constrained(line(y, sy, vy, cy, vsy, n), c.vertex[1], dz);
    const double pz = momentum[n] / std::sqrt(1 + ux * ux + uy * uy);
    p[slot] = {ux * pz, uy * pz, pz};
  }
  return p;
}

// --- identification

template <typename V> Three of_tracks(const Tracks &id, const V &values) {
  return {double(values[id.track[0]]), double(values[id.track[1]]), double(values[id.track[2]])};
}
inline Three over(const Three &a, const Three &b) { return {a[0] / b[0], a[1] / b[1], a[2] / b[2]}; }
inline Flags between(const Three &v, double low, double high) {
  return {low < v[0] && v[0] < high, low < v[1] && v[1] < high, low < v[2] && v[2] < high};
}
inline Flags both(const Flags &a, const Flags &b) { return {a[0] && b[0], a[1] && b[1], a[2] && b[2]}; }
inline Flags but(const Flags &a, const Flags &b) { return {a[0] && !b[0], a[1] && !b[1], a[2] && !b[2]}; }
inline double mean(const Three &v) { return (v[0] + v[1] + v[2]) / 3; }
template <typename I>
Flags muv3_in_time(const Tracks &id, const I &index, const Floats &time, const Floats &rich, double window) {
  const double centre = mean(of_tracks(id, rich));
  Flags result;
  for (int n = 0; n < 3; ++n)
    result[n] = index[id.track[n]] >= 0 && std::abs(time[id.track[n]] - centre) < window;
  return result;
}
template <typename C>
Tracks identified(const Candidate &c, const C &charge, const std::array<int, 3> &wanted, const std::array<Flags, 3> &rules) {
  std::array<int, 3> order = {0, 1, 2};
  do {
    bool fits = true;
    for (int slot = 0; slot < 3; ++slot)
      fits = fits && rules[slot][order[slot]] && charge[c.track[order[slot]]] == wanted[slot];
    if (fits) return {{c.track[order[0]], c.track[order[1]], c.track[order[2]]}};
  } while (std::next_permutation(order.begin(), order.end()));
  return {};
}

// --- quantities

inline bool inside(double v, double low, double high) { return low < v && v < high; }
template <typename V> bool inside(const V &values, double low, double high) {
  return std::all_of(values.begin(), values.end(), [=](double v) { return low < v && v < high; });
}
Points at_plane(const Tracks &id, const Floats &x, const Floats &sx, const Floats &y, const Floats &sy, double dz) {
  Points p;
  for (int n = 0; n < 3; ++n) {
    const int t = id.track[n];
    p[n] = {x[t] + double(sx[t]) * dz, y[t] + double(sy[t]) * dz};
  }
  return p;
}
Three separations(const Tracks &id, const Floats &x, const Floats &sx, const Floats &y, const Floats &sy, double dz) {
  const Points p = at_plane(id, x, sx, y, sy, dz);
  auto apart = [&](int i, int j) { return std::hypot(p[i][0] - p[j][0], p[i][1] - p[j][1]); };
  return {apart(0, 1), apart(0, 2), apart(1, 2)};
}
inline Three smaller(const Three &a, const Three &b) {
  return {std::min(a[0], b[0]), std::min(a[1], b[1]), std::min(a[2], b[2])};
}
inline Three distances(const Three &v, double from) {
  return {std::abs(v[0] - from), std::abs(v[1] - from), std::abs(v[2] - from)};
}
inline double spread(const Three &v) {
  return *std::max_element(v.begin(), v.end()) - *std::min_element(v.begin(), v.end());
}
double in_acceptance(const Tracks &id, const Floats &x, const Floats &sx, const Floats &y, const Floats &sy,
                     const Floats &xa, const Floats &sxa, const Floats &ya, const Floats &sya) {
  Flags in = {true, true, true};
  for (int chamber = 0; chamber < 4; ++chamber) {
    const bool before = STRAW_Z[chamber] < (Z_BEFORE + Z_AFTER) / 2;
    const Points p = before ? at_plane(id, x, sx, y, sy, STRAW_Z[chamber] - Z_BEFORE)
                            : at_plane(id, xa, sxa, ya, sya, STRAW_Z[chamber] - Z_AFTER);
    for (int n = 0; n < 3; ++n) {
      const double dx = p[n][0] - HOLE_X[chamber], dy = p[n][1], diagonal = HOLE * std::sqrt(2.0);
      const int views = (std::abs(dx) > HOLE) + (std::abs(dy) > HOLE) + (std::abs(dx + dy) > diagonal) +
                        (std::abs(dx - dy) > diagonal);
      in[n] = in[n] && views > 1 && p[n][0] * p[n][0] + p[n][1] * p[n][1] < STRAW_R * STRAW_R;
    }
  }
  const Points chod = at_plane(id, xa, sxa, ya, sya, CHOD_Z - Z_AFTER);
  const Points lkr = at_plane(id, xa, sxa, ya, sya, LKR_Z - Z_AFTER);
  int count = 0;
  for (int n = 0; n < 3; ++n) {
    const double r2 = chod[n][0] * chod[n][0] + chod[n][1] * chod[n][1];
    const double ax = std::abs(lkr[n][0]), ay = std::abs(lkr[n][1]);
    count += in[n] && CHOD_MIN * CHOD_MIN < r2 && r2 < CHOD_MAX * CHOD_MAX && std::max(ax, ay) < LKR_APOTHEM &&
             ax + ay < LKR_APOTHEM * std::sqrt(2.0) && ax * ax + ay * ay > LKR_MIN * LKR_MIN;
  }
  return count;
}
double downstream(const Tracks &id, const Floats &xa, const Floats &sxa, const Floats &ya, const Floats &sya) {
  const Points rich = at_plane(id, xa, sxa, ya, sya, RICH_Z - Z_AFTER);
  const Points muv3 = at_plane(id, xa, sxa, ya, sya, MUV3_Z - Z_AFTER);
  int count = 0;
  for (int n = 0; n < 3; ++n) {
    const double dx = rich[n][0] - RICH_X, r2 = dx * dx + rich[n][1] * rich[n][1];
    const double ax = std::abs(muv3[n][0]), ay = std::abs(muv3[n][1]);
    count += RICH_MIN * RICH_MIN < r2 && r2 < RICH_MAX * RICH_MAX && std::max(ax, ay) < MUV3_HALF &&
             ax * ax + ay * ay > MUV3_MIN * MUV3_MIN;
  }
  return count;
}
template <typename O>
double with_signal(const Tracks &id, const O &owner) {
  int count = 0;
  for (int n = 0; n < 3; ++n) count += std::find(owner.begin(), owner.end(), id.track[n]) != owner.end();
  return count;
}
template <typename S>
double lav_signals(const Floats &time, const S &station, double centre, double window, double from) {
  int count = 0;
  for (size_t i = 0; i < time.size(); ++i)
    count += std::abs(time[i] - centre) < window && LAV_Z[station[i] - 1] > from;
  return count;
}
double extra_clusters(const Floats &energy, const Floats &x, const Floats &y, const Floats &time, const Points &impact,
                      double centre, double above, double distance, double window) {
  int count = 0;
  for (size_t i = 0; i < energy.size(); ++i) {
    bool off = energy[i] > above && std::abs(time[i] - centre) < window;
    for (int n = 0; n < 3; ++n) {
      const double dx = x[i] - impact[n][0], dy = y[i] - impact[n][1];
      off = off && dx * dx + dy * dy > distance * distance;
    }
    count += off;
  }
  return count;
}
std::vector<double> likelihood(const Tracks &id, const Floats &e, const Floats &pi, const std::vector<int> &slots) {
  std::vector<double> values;
  for (int slot : slots) values.push_back(double(e[id.track[slot]]) - double(pi[id.track[slot]]));
  return values;
}
Three angles(const Tracks &id, const Floats &sx, const Floats &sy) {
  Momenta u;
  for (int n = 0; n < 3; ++n) {
    const double a = sx[id.track[n]], b = sy[id.track[n]], norm = std::sqrt(a * a + b * b + 1);
    u[n] = {a / norm, b / norm, 1 / norm};
  }
  auto angle = [&](int i, int j) {
    const double dx = u[i][0] - u[j][0], dy = u[i][1] - u[j][1], dz = u[i][2] - u[j][2];
    return 2 * std::asin(std::sqrt(dx * dx + dy * dy + dz * dz) / 2);
  };
  return {angle(0, 1), angle(0, 2), angle(1, 2)};
}
inline double norm(const Three &p) { return std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]); }
inline Three total(const Momenta &p) {
  return {p[0][0] + p[1][0] + p[2][0], p[0][1] + p[1][1] + p[2][1], p[0][2] + p[1][2] + p[2][2]};
}
inline Three cross(const Three &a, const Three &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline Three direction(double sx, double sy) {
  const double norm = std::sqrt(1 + sx * sx + sy * sy);
  return {sx / norm, sy / norm, 1 / norm};
}
double energy(const Three &p, double mass) { return std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2] + mass * mass); }
double mass(const Momenta &p, const Three &masses, const std::vector<int> &slots) {
  double e = 0;
  Three sum = {0, 0, 0};
  for (int slot : slots) {
    e += energy(p[slot], masses[slot]);
    for (int i = 0; i < 3; ++i) sum[i] += p[slot][i];
  }
  return std::sqrt(std::max(e * e - (sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]), 0.0));
}
double missing_mass_squared(const Momenta &p, const Three &masses, double beam, const Three &axis, double kaon) {
  const Three sum = total(p);
  double e = std::sqrt(beam * beam + kaon * kaon), square = 0;
  for (int n = 0; n < 3; ++n) {
    e -= energy(p[n], masses[n]);
    const double missing = beam * axis[n] - sum[n];
    square += missing * missing;
  }
  return e * e - square;
}
